"""Asks for Landlock rules of its own.

tries: widen or learn the rules that hold it
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

version = libc.syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), 1)
result = f"escaped: Landlock answered {version}" if version >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
