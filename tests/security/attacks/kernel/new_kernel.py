"""Loads another kernel.

tries: replace the kernel; the flags given are ones that it refuses
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 246, "aarch64": 104}[os.uname().machine]
libc.syscall(ctypes.c_long(number), ctypes.c_ulong(0), ctypes.c_ulong(0), None, ctypes.c_ulong(0xFFFF))
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = f"escaped: only the arguments were refused: {refused}" if refused in ("EINVAL",) else f"stopped: {refused}"
