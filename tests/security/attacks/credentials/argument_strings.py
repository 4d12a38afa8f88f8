"""Reads the strings that the kernel put on the zygote's stack: arguments, environment, auxiliary vector.

tries: find a key or an address that was passed to the zygote and later overwritten only in Python's copies
layers: executor
observed: stopped
"""

import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.getauxval.restype = ctypes.c_ulong
reading, writing = os.pipe()
AT_EXECFN = 31
# The name of the executable is the last string of the stack; arguments and environment lie below it.
address = libc.getauxval(AT_EXECFN) & -4096
strings = b""
for index in range(32):
    if libc.write(writing, address - index * 4096, 4096) != 4096:
        break
    strings = os.read(reading, 4096) + strings
words = [word for word in strings.split(b"\0") if len(word) > 3]
suspects = [word for word in words if b"CODEMODE_" in word or b"cmk-" in word or b"--listen" in word]
suspects += [word for word in sys.orig_argv if "listen" in word]
result = f"escaped: {suspects[:2]!r}" if suspects else f"stopped: no secret in {len(words)} strings"
