"""Copies a mount by the newer calls.

tries: have a view of the root that nobody mounted; without copying, which needs a privilege
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

AT_FDCWD, OPEN_TREE_CLOEXEC = -100, os.O_CLOEXEC
made = libc.syscall(ctypes.c_long(428), AT_FDCWD, b"/", OPEN_TREE_CLOEXEC)

result = f"escaped: the root is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
