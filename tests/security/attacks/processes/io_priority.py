"""Asks for real-time access to disks.

tries: take the disks from others
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

set_number, get_number = {"x86_64": (251, 252), "aarch64": (30, 31)}[os.uname().machine]
WHO_PROCESS, BEST_EFFORT_4 = 1, (2 << 13) | 4
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(ctypes.c_long(set_number), WHO_PROCESS, 0, BEST_EFFORT_4) == 0:
    result = f"escaped: set, now {libc.syscall(ctypes.c_long(get_number), WHO_PROCESS, 0):#x}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
