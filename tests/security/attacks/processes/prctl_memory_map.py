"""Asks for the call that rewrites a process's own memory description.

tries: show a false command line and auxiliary vector; only the size of the structure is asked
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_MM, PR_SET_MM_MAP_SIZE = 35, 15
size = ctypes.c_uint(0)
asked = libc.prctl(
    PR_SET_MM, ctypes.c_ulong(PR_SET_MM_MAP_SIZE), ctypes.byref(size), ctypes.c_ulong(0), ctypes.c_ulong(0)
)
result = f"escaped: {size.value} bytes may be set" if asked == 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
