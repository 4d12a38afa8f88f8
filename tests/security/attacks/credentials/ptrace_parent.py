"""Attaches to its parent with ptrace.

tries: read and change the memory of the process that forks all workers
layers: seccomp, landlock, worker_namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
# Seizing stops nothing, and ends with this process.
if libc.ptrace(PTRACE_SEIZE, os.getppid(), 0, 0) == 0:
    result = f"escaped: traces {os.getppid()}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]} on {os.getppid()}"
