"""Runs a command in namespaces of its own: `python -m tests.security.containment DIRECTORY COMMAND…`, as root.

Executors with layers off run hostile programs with little or nothing around them, so the harness puts a wall of its own
there: own processes (the command is the first of them, and all end with it), own network, own System V IPC, and a root
that is read-only except for `DIRECTORY`, control groups and fresh temporary directories. Whatever a program
could see or open on the machine it still can, so an attack is not stopped by this; it does no damage.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MOUNT_ATTR_RDONLY = 1
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
SYS_MOUNT_SETATTR = 442
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _mount(source: str, target: str, kind: str, flags: int, options: str | None = None) -> None:
    data = options and options.encode()
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data), f"mount {target}")


def _read_only(path: str, *, on: bool) -> None:
    attributes = struct.pack("<4Q", MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    arguments = (ctypes.c_long(AT_FDCWD), path.encode(), ctypes.c_long(AT_RECURSIVE), attributes, ctypes.c_long(32))
    _check(_libc.syscall(ctypes.c_long(SYS_MOUNT_SETATTR), *arguments), f"mount_setattr {path}")


def leave() -> None:
    """New namespaces; the next child is the first process of the new process namespace, and all ends with it."""
    _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET), "unshare")


def end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter(directory: Path | None = None, seen: Sequence[Path] = ()) -> None:
    """In the first process of the new process namespace: mounts, and the loopback interface up.

    `directory` can be written. What is `seen` can be read although a directory above it may be closed to others.
    """
    _mount("none", "/", "none", MS_REC | MS_PRIVATE)
    kept = None if directory is None else os.open(directory, os.O_PATH)
    # Opened now: what is mounted below may hide them.
    shown = [(path, os.open(path, os.O_PATH)) for path in seen]
    _read_only("/", on=True)
    for scratch in ("/tmp", "/var/tmp", "/dev/shm"):
        if Path(scratch).is_dir():
            _mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=64m")
    if directory is not None and kept is not None:
        _bind(kept, directory)
        _read_only(str(directory), on=False)
    _uncover(shown)
    if os.path.ismount("/sys/fs/cgroup"):
        _read_only("/sys/fs/cgroup", on=False)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    os.chdir("/")


def _bind(kept: int, path: Path) -> None:
    """Puts a directory, which something may hide by now, in its own place again."""
    path.mkdir(parents=True, exist_ok=True)
    _mount(f"/proc/self/fd/{kept}", str(path), "none", MS_BIND)
    os.close(kept)


def _uncover(shown: Sequence[tuple[Path, int]]) -> None:
    """Replaces each closed directory above a path by one that can be passed through and holds nothing else.

    A path that is hidden, being below a fresh temporary directory, is put in its place again.
    """
    covers = []
    for path, kept in shown:
        above = [each for each in reversed(path.parents) if each.exists()]
        closed = next((each for each in above if not each.stat().st_mode & 0o001), None)
        if closed is not None:
            _mount("tmpfs", str(closed), "tmpfs", MS_NOSUID | MS_NODEV, "mode=711,size=1m")
            covers.append(str(closed))
        if path.exists():
            os.close(kept)
        else:
            _bind(kept, path)
    for cover in covers:
        _read_only(cover, on=True)


def main() -> NoReturn:
    directory, command = Path(sys.argv[1]).resolve(), sys.argv[2:]
    end_with_parent()
    leave()
    first = os.fork()
    if first == 0:
        end_with_parent()
        # It may lie in one of the directories that are about to be hidden.
        executable = os.open(command[0], os.O_PATH | os.O_CLOEXEC)
        enter(directory)
        os.execve(executable, command, os.environ)
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(first, number))
    _, status = os.waitpid(first, 0)
    # An executor that a signal ended must not look like one that stopped.
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
