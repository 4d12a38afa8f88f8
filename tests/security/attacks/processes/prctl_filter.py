"""Takes its system-call filter off.

tries: make any system call
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_GET_SECCOMP, PR_SET_SECCOMP = 21, 22
zero = [ctypes.c_ulong(0)] * 4
removed = libc.prctl(PR_SET_SECCOMP, *zero)
state = libc.prctl(PR_GET_SECCOMP, *zero)
if state == 0:
    result = f"escaped: no filter, setting none returned {removed}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
