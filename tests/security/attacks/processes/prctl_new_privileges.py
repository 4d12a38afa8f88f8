"""Undoes no_new_privs.

tries: have executables grant privileges again
layers: no_new_privileges
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 38, 39
zero = [ctypes.c_ulong(0)] * 4
libc.prctl(PR_SET_NO_NEW_PRIVS, *zero)
state = libc.prctl(PR_GET_NO_NEW_PRIVS, *zero)
if state == 0:
    result = "escaped: new privileges can be had"
else:
    result = f"stopped: {'set' if state == 1 else errno.errorcode[ctypes.get_errno()]}"
