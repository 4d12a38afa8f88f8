"""Asks to handle its own page faults.

tries: stop the kernel in the middle of a copy for as long as it likes
layers: seccomp
observed: killed system_call
source: a step of most exploits of races in the kernel
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 323, "aarch64": 282}[os.uname().machine]

made = libc.syscall(ctypes.c_long(number), 1 | os.O_CLOEXEC)

result = (
    f"escaped: a handler of page faults is descriptor {made}"
    if made >= 0
    else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
)
