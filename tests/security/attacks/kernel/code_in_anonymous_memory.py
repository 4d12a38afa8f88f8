"""Writes machine code to memory and runs it.

tries: run code of its own that is in no file
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap
import os

# "return 42".
code = {"x86_64": "b82a000000c3", "aarch64": "40058052c0035fd6"}[os.uname().machine]
try:
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(bytes.fromhex(code))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    result = f"escaped: the code returned {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
