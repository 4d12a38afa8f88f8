"""Manages disk quotas.

tries: take disk space from others; no device is given
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 179, "aarch64": 60}[os.uname().machine]

Q_GETFMT = 0x800004 << 8
libc.syscall(ctypes.c_long(number), ctypes.c_uint(Q_GETFMT), b"/nonexistent-codemode", 0, None)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = (
    f"escaped: only the arguments were refused: {refused}"
    if refused in ("ENOENT", "ENOTBLK", "ENODEV", "EINVAL", "EFAULT")
    else f"stopped: {refused}"
)
