"""Take away, for good, what this process could do to files and the network.

Landlock (files, TCP), seccomp (sockets, new programs, tracing) and an empty network
namespace are asked of the kernel through ctypes, so no package is needed. Each wall
says whether it stands: a result without one must be able to say so.
Numbers are the kernel's own (include/uapi/linux/{landlock,seccomp,filter,audit}.h).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SIGKILL = 9

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_CREATE_VERSION = 1
RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # by ABI: how many rights it knows
NET_FROM_ABI, SCOPE_FROM_ABI = 4, 6
BIND_AND_CONNECT = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

CAPABILITY_VERSION_3, CAP_DAC_READ_SEARCH = 0x20080522, 1 << 2

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000

NR_SECCOMP = 317
AUDIT_ARCH_X86_64 = 0xC000003E
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
RET_ALLOW, RET_KILL, RET_ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
CLONE_THREAD = 0x10000
NR_CLONE, NR_CLONE3 = 56, 435
X32_BIT = 0x40000000
LD_WORD, JUMP_EQUAL, JUMP_SET, JUMP_ABOVE, RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
AT_NUMBER, AT_ARCH, AT_FIRST_ARGUMENT = 0, 4, 16

# Numbers of x86_64: sockets; programs and processes; other processes; namespaces and
# mounts; kernel interfaces that reach round the other walls.
DENIED: dict[str, tuple[int, ...]] = {
    "sockets": (41, 42, 43, 44, 45, 46, 47, 49, 50, 53, 288, 299, 307),
    "processes": (57, 58, 59, 322, 62, 129, 200, 297, 319, 424, 434, 438),
    "others": (101, 310, 311, 312),
    "namespaces": (155, 161, 165, 166, 272, 304, 308, 428, 429, 430, 432, 442),
    "modules": (163, 167, 169, 175, 176, 246, 313, 320),
    "interfaces": (248, 249, 250, 298, 321, 323, 425, 426, 427),
}


def leave_no_trace() -> None:
    """Die with the parent, hold no privileges that a program could gain."""
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def drop_powers() -> str:
    """Give up what being root would allow, but for reading the one file granted."""
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    current = ctypes.create_string_buffer(24)
    if _libc.capget(header, current) != 0:
        return "not applied: capabilities cannot be read"
    permitted = struct.unpack("=6I", current.raw)[1] & CAP_DAC_READ_SEARCH
    kept = struct.pack("=6I", permitted, permitted, 0, 0, 0, 0)
    if _libc.capset(header, kept) != 0:
        return f"not applied: {os.strerror(ctypes.get_errno())}"
    return "no capabilities" + (", but reading files" if permitted else "")


def leave_network() -> str:
    """Move to an empty network namespace; must be called with one thread only."""
    for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET):
        if _libc.unshare(flags) == 0:
            return "own empty network"
    return f"not applied: {os.strerror(ctypes.get_errno())}"


def landlock_abi() -> int:
    """Return the kernel's Landlock version, 0 where it has none."""
    answer = _libc.syscall(LANDLOCK_CREATE, None, 0, LANDLOCK_CREATE_VERSION)
    return max(0, int(answer))


def restrict_files(readable: Iterable[Path]) -> str:
    """Allow reading these files and folders only, and no TCP; say what stands."""
    abi = landlock_abi()
    if abi == 0:
        return "not applied: this kernel has no Landlock"
    rights = (1 << FILE_RIGHTS.get(abi, FILE_RIGHTS[max(FILE_RIGHTS)])) - 1
    fields = [rights]
    if abi >= NET_FROM_ABI:
        fields.append(BIND_AND_CONNECT)
    if abi >= SCOPE_FROM_ABI:
        fields.append(ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _call(LANDLOCK_CREATE, attributes, len(attributes), 0)
    for path in readable:
        _allow(ruleset, path)
    _call(LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return f"Landlock {abi}: own file only" + (", no TCP" if len(fields) > 1 else "")


def _allow(ruleset: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rights = READ_FILE | (READ_DIR if path.is_dir() else 0)
    rule = struct.pack("=Qi", rights, opened)
    _call(LANDLOCK_ADD, ruleset, RULE_PATH_BENEATH, rule, 0)
    os.close(opened)


def _call(number: int, *arguments: object) -> int:
    answer = int(_libc.syscall(number, *arguments))
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return answer


def restrict_calls() -> str:
    """Refuse sockets, new programs and reaching other processes; say what stands."""
    if platform.machine() != "x86_64":
        return f"not applied: no list of calls for {platform.machine()}"
    program = _filter()
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    answer = _libc.syscall(
        NR_SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, header
    )
    if answer != 0:
        return f"not applied: {os.strerror(ctypes.get_errno())}"
    return "seccomp: no sockets, no programs, no other processes"


def _filter() -> list[tuple[int, int, int, int]]:
    """Write the filter: (code, jump if true, jump if false, value) for each line."""
    denied = [number for numbers in DENIED.values() for number in numbers]
    lines = [
        (LD_WORD, 0, 0, AT_ARCH),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH_X86_64),
        (RETURN, 0, 0, RET_KILL),
        (LD_WORD, 0, 0, AT_NUMBER),
        (JUMP_ABOVE, 0, 1, X32_BIT),
        (RETURN, 0, 0, RET_KILL),
        (JUMP_EQUAL, 0, 1, NR_CLONE3),  # the C library falls back to clone
        (RETURN, 0, 0, RET_ERRNO | ENOSYS),
        (JUMP_EQUAL, 0, 4, NR_CLONE),
        (LD_WORD, 0, 0, AT_FIRST_ARGUMENT),
        (JUMP_SET, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, RET_ERRNO | EPERM),
        (RETURN, 0, 0, RET_ALLOW),
    ]
    for number in denied:
        lines += [
            (JUMP_EQUAL, 0, 1, number),
            (RETURN, 0, 0, RET_ERRNO | EPERM),
        ]
    return [*lines, (RETURN, 0, 0, RET_ALLOW)]
