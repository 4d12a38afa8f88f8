"""Enters its parent's namespaces by a handle.

tries: leave the jail without a file in /proc
layers: capabilities, seccomp, landlock, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

CLONE_NEWUTS, CLONE_NEWIPC = 0x4000000, 0x8000000
libc = ctypes.CDLL(None, use_errno=True)
handle = libc.syscall(ctypes.c_long(434), os.getppid(), 0)
# Without a handle the call itself is tried, with the worker's socket.
if libc.setns(handle if handle >= 0 else 3, CLONE_NEWUTS | CLONE_NEWIPC) == 0:
    result = "escaped: entered"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
