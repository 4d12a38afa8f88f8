"""Asks whether its memory is readable to other processes of its user.

tries: find workers whose memory an accomplice could read
layers: seccomp, undumpable
observed: stopped
"""

import ctypes
import errno

PR_GET_DUMPABLE = 3
libc = ctypes.CDLL(None, use_errno=True)
state = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
if state == 1:
    result = "escaped: dumpable"
else:
    result = f"stopped: {'not dumpable' if state == 0 else errno.errorcode[ctypes.get_errno()]}"
