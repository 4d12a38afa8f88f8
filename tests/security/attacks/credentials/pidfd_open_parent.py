"""Opens a handle on its parent.

tries: signal the zygote or take its descriptors later through a pidfd
layers: seccomp, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os

PIDFD_OPEN = 434
libc = ctypes.CDLL(None, use_errno=True)
process = libc.syscall(PIDFD_OPEN, os.getppid(), 0)
if process >= 0:
    os.close(process)
    result = f"escaped: pidfd {process} of {os.getppid()}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]} on {os.getppid()}"
