"""Moves itself to the remaining namespaces of its own.

tries: become an administrator there, and reach code of the kernel that only administrators reach
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
FLAGS = 0x08000000 | 0x04000000 | 0x02000000 | 0x80  # IPC, UTS, cgroup, time
try:
    child = os.fork()
except OSError:
    # Where no process can be made, the worker itself asks.
    child = None
if not child:
    refused = 0 if libc.unshare(FLAGS) == 0 else ctypes.get_errno()
    if child == 0:
        os._exit(refused)
    result = f"stopped: {errno.errorcode[refused]}" if refused else "escaped: the worker has new namespaces"
else:
    refused = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result = f"stopped: {errno.errorcode[refused]}" if refused else "escaped: a child had new namespaces"
