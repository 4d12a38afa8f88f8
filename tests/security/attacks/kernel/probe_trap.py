"""Calls what only the kernel's own probes may call.

tries: use a system call that no filter is asked about
layers: none
observed: killed crash | stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

# Since Linux 6.14 the kernel passes this one past every filter, and ends whoever is not inside a probe.
libc.syscall(ctypes.c_long(335))
result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
