"""Asks which security modules hold it.

tries: learn what stands in the way
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

modules, size = (ctypes.c_uint64 * 16)(), ctypes.c_uint32(128)
count = libc.syscall(ctypes.c_long(461), modules, ctypes.byref(size), 0)
result = f"escaped: modules {modules[:count]}" if count >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
