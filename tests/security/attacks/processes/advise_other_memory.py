"""Advises the kernel on another process's memory.

tries: page out the memory of its parent; the advice given is for no memory at all
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

MADV_COLD = 20
libc = ctypes.CDLL(None, use_errno=True)
handle = libc.syscall(ctypes.c_long(434), os.getppid() or os.getpid(), 0)
done = libc.syscall(ctypes.c_long(440), handle, None, ctypes.c_size_t(0), MADV_COLD, 0)
result = f"escaped: advised {done} bytes" if done >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
