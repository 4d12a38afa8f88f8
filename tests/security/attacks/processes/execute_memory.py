"""Executes a program that is only in memory.

tries: run a program of its own that no file holds
layers: seccomp, landlock
observed: killed system_call
"""

import ctypes
import errno
import os
import sys

number = {"x86_64": 322, "aarch64": 281}[os.uname().machine]
AT_EMPTY_PATH = 0x1000
libc = ctypes.CDLL(None, use_errno=True)
# The directory that a process starts in may be gone; a fresh interpreter asks for it.
os.chdir("/")
try:
    memory = os.memfd_create("attack")
    with open(sys.executable, "rb") as program:
        while part := program.read(1 << 20):
            os.write(memory, part)
    child = os.fork()
except OSError:
    # Without the file or the child, the call itself is tried, on a descriptor that is no program.
    memory, child = 3, None
words = [b"python", b"-S", b"-c", b"raise SystemExit(142)", None]
arguments = (ctypes.c_char_p * 5)(*words)
environment = (ctypes.c_char_p * 2)(b"PYTHONHOME=" + sys.base_prefix.encode(), None)
if not child:
    libc.syscall(ctypes.c_long(number), memory, b"", arguments, environment, AT_EMPTY_PATH)
    if child == 0:
        os._exit(ctypes.get_errno())
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
else:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result = "escaped: it ran" if status == 142 else f"stopped: status {status}"
