"""Allows itself memory that is written and then run.

tries: undo the setting that a worker makes before it is locked down
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_MDWE, PR_GET_MDWE = 65, 66
zero = [ctypes.c_ulong(0)] * 4
undone = libc.prctl(PR_SET_MDWE, *zero)
state = libc.prctl(PR_GET_MDWE, *zero)
if undone == 0 or state == 0:
    result = f"escaped: the setting is {state}"
else:
    result = f"stopped: {'set' if state > 0 else errno.errorcode[ctypes.get_errno()]}"
