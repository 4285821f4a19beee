"""Structured logs: one line of JSON on stderr, or colours on a terminal.

The standard library's loggers (Django's among them) are written in the same form. An
address can be a secret, and a body is never logged: see `without_secrets`.
"""

from __future__ import annotations

import logging
import re
import sys

import structlog

from staithe.base.config import BadSetting, env_str


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# Addresses whose last part is itself the key to something.
_SECRET_PATHS = re.compile(r"(/invitations/)[^\s/?]+")
# Each request has a line of ours, and an unknown host a page: Django's own lines on
# refusals repeat them with the whole address.
_REPEATS = ("django.request", "django.security")

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def without_secrets(text: str) -> str:
    """Hide one-time links, whose path is the secret."""
    return _SECRET_PATHS.sub(r"\1…", text)


class Redact(logging.Filter):
    """Drops what the request line says already and hides secrets in the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether to write a record of the standard library's loggers."""
        if record.name.startswith(_REPEATS) and record.levelno < logging.ERROR:
            return False
        record.msg = without_secrets(record.getMessage())
        record.args = None
        return True


def log_level() -> int:
    """Return the least level that is written; BadSetting where it is none."""
    name = env_str("STAITHE_LOG_LEVEL", "INFO").upper()
    if name not in LEVELS:
        raise BadSetting(f"STAITHE_LOG_LEVEL must be one of {', '.join(LEVELS)}")
    return int(getattr(logging, name))


def configure_logs() -> None:
    """Set structlog and the standard library to the same form and level."""
    level = log_level()
    renderer: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    if sys.stderr.isatty():
        renderer = [structlog.dev.ConsoleRenderer()]
    structlog.configure(
        processors=[*SHARED, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Redact())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED, processors=[drop, *renderer]
        )
    )
    logging.basicConfig(
        level=max(level, logging.WARNING), handlers=[handler], force=True
    )
