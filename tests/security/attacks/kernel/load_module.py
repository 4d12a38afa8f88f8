"""Loads a kernel module.

tries: become part of the kernel; no module is given
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 175, "aarch64": 105}[os.uname().machine]
libc.syscall(ctypes.c_long(number), None, ctypes.c_ulong(0), None)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = (
    f"escaped: only the arguments were refused: {refused}"
    if refused in ("ENOEXEC", "EFAULT", "EINVAL")
    else f"stopped: {refused}"
)
