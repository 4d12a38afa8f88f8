"""Makes its own memory readable to other processes again.

tries: undo the setting that hides a worker's memory, so that an accomplice of the same user can read it
layers: seccomp
observed: stopped
"""

import ctypes
import errno

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 and libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1:
    result = "escaped: dumpable"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
