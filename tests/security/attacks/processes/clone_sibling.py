"""Makes a process whose parent is the zygote.

tries: have a process that does not end with the worker
layers: seccomp, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os
import signal

CLONE_PARENT = 0x8000
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(ctypes.c_long(number), ctypes.c_long(CLONE_PARENT | signal.SIGCHLD), None, None, None, None)
if child == 0:
    os._exit(0)
result = f"escaped: process {child}" if child > 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
