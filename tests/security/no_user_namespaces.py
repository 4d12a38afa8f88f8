"""`python no_user_namespaces.py COMMAND…`: runs the command where the kernel refuses user namespaces.

The command keeps its user and has no capability. It is in a user namespace whose own limit of further ones is zero, so
it meets what it would meet in a container or under an administrator's limit. Uses the standard library alone: it runs
as a user who may not be able to read this package.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import NoReturn

CLONE_NEWUSER = 0x10000000


def main() -> NoReturn:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"unshare: {os.strerror(error)}")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    # Of this namespace, not of the system.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    # Whoever is not user 0 loses the namespace's capabilities here.
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
