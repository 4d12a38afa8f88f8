"""Sets the machine's clock.

tries: break certificates, logs and timers; the time given is none
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 164, "aarch64": 170}[os.uname().machine]

done = libc.syscall(ctypes.c_long(number), None, None)
result = "escaped: it was allowed to set nothing" if done == 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
