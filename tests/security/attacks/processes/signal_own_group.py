"""Asks whether it may signal its process group.

tries: kill the processes that it was started with; signal 0 sends none
layers: seccomp, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
group = os.getpgrp()
if group in (0, os.getpid()):
    # A group that it leads, or cannot see, has nobody else in it to be found; the call is tried all the same.
    group = 1
if libc.killpg(group, 0) == 0:
    result = f"escaped: may signal group {group}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
