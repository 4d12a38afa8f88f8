"""Has a process of its own traced.

tries: reach the code behind ptrace, and later trace others
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

PTRACE_TRACEME = 0
libc = ctypes.CDLL(None, use_errno=True)
none = [ctypes.c_void_p(0)] * 2
try:
    child = os.fork()
except OSError:
    child = None
if not child:
    # Where no process can be made, the worker asks for a request that the kernel does not know.
    done = libc.ptrace(PTRACE_TRACEME if child == 0 else 0x7FFF, 0, *none) == 0
    refused = ctypes.get_errno()
    if child == 0:
        os._exit(0 if done else refused)
    result = "escaped: traced" if done else f"stopped: {errno.errorcode[refused]}"
else:
    refused = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result = f"stopped: {errno.errorcode[refused]}" if refused else "escaped: a child was traced"
