"""Makes itself the parent of orphans.

tries: keep processes that should have gone to the zygote
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_CHILD_SUBREAPER = 36
done = libc.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0) == 0
result = "escaped: it adopts orphans" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
