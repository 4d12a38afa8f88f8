"""Clears the signal that ends it with its parent.

tries: outlive the zygote and the executor
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
cleared = libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(0), 0, 0, 0) == 0
result = "escaped: it would outlive its parent" if cleared else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
