"""Writes machine code to a file in memory and maps it to run.

tries: run code of its own where no file system lets it
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap
import os

code = {"x86_64": "b82a000000c3", "aarch64": "40058052c0035fd6"}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
prot = mmap.PROT_READ | mmap.PROT_EXEC
try:
    file = os.memfd_create("attack")
    os.write(file, bytes.fromhex(code).ljust(4096, b"\0"))
    address = libc.mmap(None, ctypes.c_size_t(4096), prot, mmap.MAP_PRIVATE, file, ctypes.c_long(0))
    if address != ctypes.c_void_p(-1).value:
        result = f"escaped: the code returned {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
    else:
        result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
