"""Takes a descriptor out of its parent with pidfd_getfd.

tries: own the zygote's socket to the executor, over which workers are asked for
layers: seccomp, landlock, worker_namespaces
observed: killed system_call | stopped
"""

import ctypes
import errno
import os

PIDFD_OPEN, PIDFD_GETFD = 434, 438
libc = ctypes.CDLL(None, use_errno=True)
process = libc.syscall(PIDFD_OPEN, os.getppid(), 0)
opened = f"pidfd_open: {process if process >= 0 else errno.errorcode[ctypes.get_errno()]}"
stolen = libc.syscall(PIDFD_GETFD, process, 3, 0)
if stolen >= 0:
    result = f"escaped: descriptor {stolen} is the parent's 3, inode {os.fstat(stolen).st_ino}"
    os.close(stolen)
else:
    result = f"stopped: {opened}, pidfd_getfd: {errno.errorcode[ctypes.get_errno()]}"
