"""Overwrites a library's code in its own memory.

tries: run code of its own in the place of a mapped file's
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
code = bytes.fromhex({"x86_64": "b82a000000c3", "aarch64": "40058052c0035fd6"}[os.uname().machine])
# A private, executable mapping of a readable file is allowed: that is how extension modules are loaded.
file = os.open(os.__file__, os.O_RDONLY)
length, executable = ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC
address = libc.mmap(None, length, executable, mmap.MAP_PRIVATE, file, ctypes.c_long(0))
place = ctypes.c_void_p(address)
if address == ctypes.c_void_p(-1).value:
    result = f"stopped: no mapping: {errno.errorcode[ctypes.get_errno()]}"
elif libc.mprotect(place, length, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
    result = f"stopped: not writable: {errno.errorcode[ctypes.get_errno()]}"
else:
    ctypes.memmove(address, code, len(code))
    if libc.mprotect(place, length, executable) == 0:
        result = f"escaped: the code returned {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
    else:
        result = f"stopped: not executable again: {errno.errorcode[ctypes.get_errno()]}"
