"""Restarts the machine.

tries: stop everybody's work; the magic numbers are wrong
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 169, "aarch64": 142}[os.uname().machine]
libc.syscall(ctypes.c_long(number), 0, 0, 0, None)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = f"escaped: only the arguments were refused: {refused}" if refused in ("EINVAL",) else f"stopped: {refused}"
