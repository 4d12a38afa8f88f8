"""Unloads a kernel module.

tries: take a part of the kernel away; none is named
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 176, "aarch64": 106}[os.uname().machine]
libc.syscall(ctypes.c_long(number), None, 0)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = (
    f"escaped: only the arguments were refused: {refused}" if refused in ("EFAULT", "ENOENT") else f"stopped: {refused}"
)
