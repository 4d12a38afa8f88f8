"""Asks where another process keeps its locks.

tries: learn addresses in the zygote's memory
layers: seccomp, landlock, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os

number = {"x86_64": 274, "aarch64": 100}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
head, length = ctypes.c_void_p(), ctypes.c_size_t()
told = []
for process in {os.getppid(), *range(1, 2000)} - {0, os.getpid()}:
    if libc.syscall(ctypes.c_long(number), process, ctypes.byref(head), ctypes.byref(length)) == 0:
        told.append((process, hex(head.value or 0)))
result = f"escaped: {told[:4]}" if told else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
