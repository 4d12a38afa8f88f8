"""Makes a process in new namespaces.

tries: become the administrator of a user namespace of its own
layers: seccomp, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os
import signal

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
flags = ctypes.c_long(CLONE_NEWUSER | CLONE_NEWNET | signal.SIGCHLD)
child = libc.syscall(ctypes.c_long(number), flags, None, None, None, None)
if child < 0:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
else:
    if child == 0:
        os._exit(42)
    _, status = os.waitpid(child, 0)
    result = f"escaped: process {child} ran and ended with {os.waitstatus_to_exitcode(status)}"
