"""Asks for barriers on all processors.

tries: interrupt the processors on which others run; the commands there are, are only listed
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 324, "aarch64": 283}[os.uname().machine]

known = libc.syscall(ctypes.c_long(number), 0, 0, 0)
result = f"escaped: commands {known:#x}" if known >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
