"""Makes a process by the newer system call.

tries: fork by a call whose flags a filter cannot see
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os
import signal
import struct

libc = ctypes.CDLL(None, use_errno=True)
# flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls
arguments = struct.pack("8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
child = libc.syscall(ctypes.c_long(435), arguments, ctypes.c_size_t(len(arguments)))
if child < 0:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
else:
    if child == 0:
        os._exit(42)
    _, status = os.waitpid(child, 0)
    result = f"escaped: process {child} ran and ended with {os.waitstatus_to_exitcode(status)}"
