"""Executes a file that it wrote.

tries: run native code of its own making
layers: rlimits, seccomp, landlock, namespaces
observed: killed system_call | stopped
"""

import ctypes
import errno
import os
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
libc.execve.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
try:
    with tempfile.TemporaryDirectory() as own:
        path = f"{own}/program"
        with open(path, "w") as file:
            file.write("#!/bin/false\n")
        os.chmod(path, 0o700)
        # The arguments are at an address that is none: the kernel opens the file, then gives up.
        libc.execve(path.encode(), 8, None)
        code = ctypes.get_errno()
        result = f"{'escaped: it is executable' if code == errno.EFAULT else 'stopped'}: {errno.errorcode[code]}"
except OSError as error:
    result = f"stopped: no file can be made: {error.strerror}"
