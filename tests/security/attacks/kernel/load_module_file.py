"""Loads a kernel module from a file.

tries: become part of the kernel; no file is given
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 313, "aarch64": 273}[os.uname().machine]
libc.syscall(ctypes.c_long(number), -1, None, 0)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = (
    f"escaped: only the arguments were refused: {refused}"
    if refused in ("EBADF", "EFAULT", "EINVAL")
    else f"stopped: {refused}"
)
