"""Reads the kernel's log by system call.

tries: learn kernel addresses and what other processes did
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno

SYSLOG_ACTION_SIZE_BUFFER = 10
libc = ctypes.CDLL(None, use_errno=True)
size = libc.klogctl(SYSLOG_ACTION_SIZE_BUFFER, None, 0)
if size > 0:
    result = f"escaped: a log of {size} bytes"
else:
    result = f"stopped: {errno.errorcode.get(ctypes.get_errno())}"
