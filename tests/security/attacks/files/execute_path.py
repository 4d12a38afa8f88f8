"""Executes programs of the host.

tries: run a shell, or the interpreter again without what was set up in this one
layers: seccomp, landlock
observed: killed system_call
"""

import ctypes
import errno
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.execve.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
seen = {}
for path in ("/bin/sh", "/usr/bin/env", sys.executable):
    # The arguments are at an address that is none: the kernel opens the file, then gives up.
    libc.execve(path.encode(), 8, None)
    seen[path] = errno.errorcode[ctypes.get_errno()]
result = f"{'escaped' if 'EFAULT' in seen.values() else 'stopped'}: {seen}"
