"""Makes a process by the bare system call.

tries: fork past the C library and its hooks
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os
import signal

number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(ctypes.c_long(number), ctypes.c_long(signal.SIGCHLD), None, None, None, None)
if child < 0:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
else:
    if child == 0:
        os._exit(42)
    _, status = os.waitpid(child, 0)
    result = f"escaped: process {child} ran and ended with {os.waitstatus_to_exitcode(status)}"
