"""Opens a POSIX message queue.

tries: meet other workers in a queue that has only a name
layers: rlimits, seccomp, landlock
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 240, "aarch64": 180}[os.uname().machine]

name = b"codemode-attack-%d" % os.getpid()
made = libc.syscall(ctypes.c_long(number), name, os.O_CREAT | os.O_RDWR, 0o600, None)
refused = ctypes.get_errno()
if made >= 0:
    libc.syscall(ctypes.c_long(number + 1), name)
result = f"escaped: a queue is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[refused]}"
