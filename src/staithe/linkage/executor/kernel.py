"""Compile `kernel.c` once, keep it, and call it.

0.4 s of compiling on the first link of a machine; later ones load the library that
was kept. The folder is ours alone, because what lies in it is run. No compiler, or a
folder that others may write to, means no kernel: linkage then runs on DuckDB.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np


SOURCE = Path(__file__).with_name("kernel.c")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", "-ffp-contract=off")
PATIENCE = 60  # seconds
MISSING = -(2**31)
MOST_EDITS = 15

_P, _N, _I = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "st_jaro": (ctypes.c_double, [_P, _N, _P, _N]),
    "st_jaro_winkler": (ctypes.c_double, [_P, _N, _P, _N, _I]),
    "st_jaccard": (ctypes.c_double, [_P, _N, _P, _N]),
    "st_edits": (_N, [_P, _N, _P, _N, _N, _I]),
    "st_letters": (None, [_P, _P, _N]),
    "st_score": (None, [_P, _P, _P, _N, _P, _P]),
    "st_tally": (_N, [_P, _P, _N, _P, _P, _N, _P, _P, _N, _P]),
    "st_group": (_N, [_P, _N, _N, _N, _N, _P, _P, _P]),
    "st_pairs": (_N, [_P, _P, _P, _P, _N, _N, _P, _P]),
    "st_reach": (None, [_P, _N, _P]),
    "st_pack": (None, [_P, _P, _N, _N, _N, _N, _N, _P]),
    "st_keys": (None, [_P, _N, _N, _N, _N, _P, _P, _P, _P, _P]),
    "st_join": (None, [_P, _P, _P, _P, ctypes.c_double, _N]),
    "st_labels": (None, [_P, _N]),
}


class Text(ctypes.Structure):
    """Where a string of a dictionary lies, and which letters it has."""

    _fields_ = [
        ("start", ctypes.c_int64),
        ("length", ctypes.c_int32),
        ("unused", ctypes.c_int32),
        ("letters", ctypes.c_uint64),
    ]


class Dictionary(ctypes.Structure):
    """Code → string, list or number."""

    _fields_ = [
        ("texts", _P),
        ("bytes", _P),
        ("starts", _P),
        ("members", _P),
        ("numbers", _P),
    ]


class Step(ctypes.Structure):
    """One test of a condition, and where to go from it."""

    _fields_ = [
        ("op", ctypes.c_int32),
        ("left", ctypes.c_int32),
        ("right", ctypes.c_int32),
        ("dictionary", ctypes.c_int32),
        ("other", ctypes.c_int32),
        ("yes", ctypes.c_int32),
        ("no", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("limit", ctypes.c_double),
    ]


class Part(ctypes.Structure):
    """One part of a sum, in postfix order."""

    _fields_ = [
        ("part", ctypes.c_int32),
        ("left", ctypes.c_int32),
        ("right", ctypes.c_int32),
        ("dictionary", ctypes.c_int32),
        ("other", ctypes.c_int32),
        ("unused", ctypes.c_int32),
        ("value", ctypes.c_double),
    ]


class Term(ctypes.Structure):
    """How the rarity of a value moves the weight of a level."""

    _fields_ = [
        ("place", ctypes.c_int32),
        ("unused", ctypes.c_int32),
        ("rarity", _P),
        ("base", ctypes.c_double),
        ("weight", ctypes.c_double),
        ("least", ctypes.c_double),
    ]


class Plan(ctypes.Structure):
    """Records, conditions and weights: all that scoring a pair needs."""

    _fields_ = [
        ("rows", _P),
        ("width", ctypes.c_int64),
        ("dictionaries", _P),
        ("steps", _P),
        ("parts", _P),
        ("starts", _P),
        ("comparisons", ctypes.c_int64),
        ("levels", ctypes.c_int64),
        ("weights", _P),
        ("terms", _P),
        ("prior", ctypes.c_double),
    ]


class Block(ctypes.Structure):
    """One blocking rule over grouped records, and the rules before it."""

    _fields_ = [
        ("left_members", _P),
        ("right_members", _P),
        ("right_starts", _P),
        ("left_keys", _P),
        ("right_keys", _P),
        ("left_all", _P),
        ("right_all", _P),
        ("filters", _P),
        ("rules", ctypes.c_int64),
        ("rule", ctypes.c_int64),
        ("bits", ctypes.c_int64),
        ("ordered", ctypes.c_int64),
    ]


TEXT = np.dtype(
    [("start", "i8"), ("length", "i4"), ("unused", "i4"), ("letters", "u8")]
)


def address(array: np.ndarray[Any, Any]) -> int:
    """Return where an array's numbers lie, for the kernel; they must be in one piece."""
    assert array.flags.c_contiguous
    return array.ctypes.data


@cache
def load_kernel() -> Any:
    """Return the kernel, compiled where need be, or None where that cannot be done."""
    folder = own_folder()
    if folder is None:
        return None
    path = folder / f"kernel-{_name()}.so"
    if not (path.is_file() or _compile(path)):
        return None
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _name() -> str:
    """Return a name that changes with the source, the flags and the machine's kind."""
    kind = f"{sys.platform} {platform.machine()} {_abilities()} {' '.join(FLAGS)}"
    return hashlib.sha256(kind.encode() + SOURCE.read_bytes()).hexdigest()[:20]


def _abilities() -> str:
    """Return what the processor can do: a home folder may move to an older one."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((each for each in lines if each.startswith(("flags", "Features"))), "")


def own_folder() -> Path | None:
    """Return the folder for the compiled kernel, which nobody else may write to."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    folder = Path(home) / "staithe"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = folder.stat()
    except OSError:
        return None
    if os.name == "posix":
        others = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if others or facts.st_uid != os.geteuid():
            return None
    return folder


def compilers() -> list[list[str]]:
    """Return the C compilers to try: $CC, the usual names, and the one of ziglang."""
    asked = os.environ.get("CC", "").split()
    found = [asked] if asked else []
    found += [[name] for name in ("cc", "gcc", "clang")]
    found = [each for each in found if shutil.which(each[0])]
    if find_spec("ziglang"):
        found.append([sys.executable, "-m", "ziglang", "cc"])
    return found


def _compile(path: Path) -> bool:
    """Compile to `path` in one step, so that two processes never see half a file."""
    for compiler in compilers():
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".so")
        os.close(handle)
        partial = Path(name)
        command = [*compiler, *FLAGS, "-o", name, str(SOURCE), "-lm"]
        try:
            done = subprocess.run(  # noqa: S603  a compiler found by name on PATH
                command, capture_output=True, timeout=PATIENCE, check=False
            )
            if done.returncode == 0:
                partial.replace(path)
                return True
        except (OSError, subprocess.TimeoutExpired):
            continue
        finally:
            partial.unlink(missing_ok=True)
    return False
