"""Asks on which memory nodes another process's pages are.

tries: learn of the zygote's memory, or move it
layers: seccomp, landlock, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os

pages = {"x86_64": 279, "aarch64": 239}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
done = []
for process in {os.getppid(), *range(1, 300)} - {0, os.getpid()}:
    # No page is named, so none is moved.
    if libc.syscall(ctypes.c_long(pages), process, ctypes.c_ulong(0), None, None, None, 0) == 0:
        done.append(process)
result = f"escaped: may move pages of {done[:8]}" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
