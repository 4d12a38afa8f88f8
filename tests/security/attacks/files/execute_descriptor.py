"""Executes a file by its descriptor.

tries: run a program that it wrote, without a path that could be refused
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os
import sys

AT_EMPTY_PATH = 0x1000
libc = ctypes.CDLL(None, use_errno=True)
libc.execveat.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
try:
    descriptor = os.memfd_create("attack", 0)
    os.write(descriptor, b"#!/bin/false\n")
except OSError:
    descriptor = os.open(sys.executable, os.O_PATH)
# The arguments are at an address that is none: the kernel opens the file, then gives up.
libc.execveat(descriptor, b"", 8, None, AT_EMPTY_PATH)
code = ctypes.get_errno()
result = f"{'escaped: it is executable' if code == errno.EFAULT else 'stopped'}: {errno.errorcode[code]}"
