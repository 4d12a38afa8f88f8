"""Runs a command in poorer surroundings: what a container, an old kernel or a careful operator takes away.

    python -m tests.python.service.confined '{"filter": "docker", "user": 65534}' codemode doctor

All of it happens to this process, which then becomes the command. Nothing outside is changed: mounts are made in a
namespace of its own.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypedDict

_libc = ctypes.CDLL(None, use_errno=True)


class Surroundings(TypedDict, total=False):
    """What is taken away, in this order."""

    read_only_root: bool
    no_cgroups: bool
    only_cgroup2: bool
    own_user_and_network: bool
    capabilities: str
    """`docker`: those that Docker leaves to root."""
    user: int
    filter: str
    """A name of `FILTERS`."""


def command(surroundings: Surroundings, *arguments: str) -> list[str]:
    """The command line that runs `arguments` there."""
    return [sys.executable, "-m", __name__, json.dumps(surroundings), *arguments]


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


# === namespaces and mounts ===

_CLONE_NEWNS: Final = 0x20000
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_MS_RDONLY: Final = 1
_MS_REMOUNT: Final = 32
_MS_BIND: Final = 4096
_MS_REC: Final = 16384
_MS_PRIVATE: Final = 1 << 18
_MNT_DETACH: Final = 2


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    arguments = [text.encode() if text else None for text in (source, target, kind)]
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), None), f"mount {target}")


def _own_mounts() -> None:
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount("", "/", "", _MS_REC | _MS_PRIVATE)


def _own_user_and_network(user: int) -> None:
    """As an unprivileged user may: with one identity inside, its own."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _check(_libc.prctl(4, 1, 0, 0, 0), "PR_SET_DUMPABLE")  # it owns its own files in /proc again
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{user} {user} 1")


# === capabilities ===

# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write
# setfcap
_DOCKER: Final = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)


def _keep_capabilities(kept: Sequence[int]) -> None:
    for number in range(64):
        if number not in kept:
            _libc.prctl(24, number, 0, 0, 0)  # PR_CAPBSET_DROP; there are not 64
    bits = sum(1 << number for number in kept)
    header = struct.pack("<Ii", 0x20080522, 0)
    data = struct.pack("<6I", bits, bits, 0, 0, 0, 0)
    _check(_libc.capset(header, data), "capset")


# === seccomp ===

_PRCTL: Final = {"x86_64": 157, "aarch64": 167}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_NUMBERS: Final[dict[str, dict[str, int]]] = {
    "x86_64": {
        "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308, "keyctl": 250, "add_key": 248,
        "request_key": 249, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "seccomp": 317,
    },
    "aarch64": {
        "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268, "keyctl": 219, "add_key": 217,
        "request_key": 218, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "seccomp": 277,
    },
}  # fmt: skip
_NEW: Final = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "mount_setattr": 442,
    "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
}  # fmt: skip
"""The same on every architecture."""

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_NEW_NAMESPACES: Final = 0x7E020000
_SET_SECCOMP: Final = 22


def _errno(number: int) -> int:
    return 0x50000 | number


# What Docker's default profile denies to a container without CAP_SYS_ADMIN, of what matters here.
_DOCKER_DENIES: Final = """
    mount umount2 pivot_root unshare setns keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup
    io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
""".split()  # noqa: SIM905 - one name a line would be a page
_LANDLOCK: Final = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")

FILTERS: Final[dict[str, dict[str, int]]] = {
    "docker": {**dict.fromkeys(_DOCKER_DENIES, _errno(errno.EPERM)), "clone3": _errno(errno.ENOSYS)},
    "no landlock": dict.fromkeys(_LANDLOCK, _errno(errno.ENOSYS)),
    "landlock denied": dict.fromkeys(_LANDLOCK, _errno(errno.EPERM)),
    "no seccomp": {"seccomp": _errno(errno.EPERM)},
    "seccomp kills": {"seccomp": _KILL},
}


def _instruction(code: int, true: int, false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, true, false, value)


def _program(name: str) -> bytes:
    """Loads the number, compares it with each, returns. 0x20 loads, 0x15 and 0x45 compare, 6 returns."""
    machine = platform.machine()
    numbers = {**_NUMBERS[machine], **_NEW}
    code = [_instruction(0x20, 0, 0, 0)]
    if name == "docker":
        code += [
            _instruction(0x15, 0, 4, _CLONE[machine]),
            _instruction(0x20, 0, 0, 16),
            _instruction(0x45, 0, 1, _NEW_NAMESPACES),
            _instruction(6, 0, 0, _errno(errno.EPERM)),
            _instruction(6, 0, 0, _ALLOW),
        ]
    if "seccomp" in name:
        code += [
            _instruction(0x15, 0, 4, _PRCTL[machine]),
            _instruction(0x20, 0, 0, 16),
            _instruction(0x15, 0, 1, _SET_SECCOMP),
            _instruction(6, 0, 0, FILTERS[name]["seccomp"]),
            _instruction(6, 0, 0, _ALLOW),
        ]
    for call, action in FILTERS[name].items():
        code += [_instruction(0x15, 0, 1, numbers[call]), _instruction(6, 0, 0, action)]
    code.append(_instruction(6, 0, 0, _ALLOW))
    return b"".join(code)


def _install(name: str) -> None:
    program = _program(name)
    buffer = ctypes.create_string_buffer(program, len(program))
    description = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    _check(_libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    _check(_libc.prctl(_SET_SECCOMP, 2, description, 0, 0), "PR_SET_SECCOMP")


def _enter(surroundings: Surroundings) -> None:
    if {"read_only_root", "no_cgroups", "only_cgroup2"} & surroundings.keys():
        _own_mounts()
    if surroundings.get("no_cgroups") or surroundings.get("only_cgroup2"):
        _check(_libc.umount2(b"/sys/fs/cgroup", _MNT_DETACH), "umount2 /sys/fs/cgroup")
    if surroundings.get("only_cgroup2"):
        _mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0)
    if surroundings.get("read_only_root"):
        _mount("", "/", "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    if surroundings.get("capabilities") == "docker":
        _keep_capabilities(_DOCKER)
    user = surroundings.get("user")
    if surroundings.get("own_user_and_network"):
        assert user is not None, "an unprivileged user makes them"
        _own_user_and_network(user)
    elif user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if "filter" in surroundings:
        _install(surroundings["filter"])


def main(arguments: list[str]) -> NoReturn:
    surroundings: Any = json.loads(arguments[0])
    _enter(surroundings)
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
