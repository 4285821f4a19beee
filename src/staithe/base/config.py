"""Readers of settings from the environment: typed, and loud about nonsense."""

from __future__ import annotations

import os
from pathlib import Path


class BadSetting(RuntimeError):
    """A setting that the program cannot start with."""


def env_str(name: str, default: str = "") -> str:
    """Return the text of a setting, or `default` where it is absent or empty."""
    return os.environ.get(name, "") or default


def env_int(name: str, default: int, *, least: int | None = None) -> int:
    """Return a whole number, `least` or more."""
    text = os.environ.get(name, "")
    try:
        value = int(text) if text else default
    except ValueError as error:
        raise BadSetting(f"{name} must be a whole number, not {text!r}") from error
    if least is not None and value < least:
        raise BadSetting(f"{name} must be {least} or more, not {value}")
    return value


def env_bool(name: str, *, default: bool = False) -> bool:
    """Return yes for 1, true, yes, on and no for 0, false, no, off."""
    text = os.environ.get(name, "").lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} must be 1 or 0, not {text!r}")


def env_secret(name: str, default: str = "") -> str:
    """Return a secret from NAME, or from the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return env_str(name, default)
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise BadSetting(f"{name}_FILE: cannot read {path}") from error
