"""Compares its descriptors with its parent's.

tries: learn which files of the zygote it shares, as a step to their addresses in the kernel
layers: seccomp, landlock, worker_namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

number = {"x86_64": 312, "aarch64": 272}[os.uname().machine]
KCMP_FILE = 0
libc = ctypes.CDLL(None, use_errno=True)
order = libc.syscall(number, os.getpid(), os.getppid(), KCMP_FILE, 0, 0)
if order >= 0:
    result = f"escaped: order {order}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]} on {os.getppid()}"
