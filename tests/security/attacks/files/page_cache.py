"""Asks which pages of a shared library are in memory.

tries: watch by the page cache what other processes of the host run
layers: seccomp
observed: stopped
source: page cache attacks (2019)
"""

import ctypes
import errno
import mmap
import os

RWF_NOWAIT = 8
libc = ctypes.CDLL(None, use_errno=True)
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
with open(os.__file__, "rb") as file:
    told = []
    address = libc.mmap(None, mmap.PAGESIZE, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    pages = ctypes.create_string_buffer(1)
    if libc.mincore(address, mmap.PAGESIZE, pages) == 0:
        told.append(f"mincore {pages.raw[0] & 1}")
    refused = errno.errorcode.get(ctypes.get_errno())
    try:
        told.append(f"preadv2 {os.preadv(file.fileno(), [bytearray(8)], 0, RWF_NOWAIT)}")
    except OSError as error:
        refused = f"{refused}, {error.strerror}"
result = f"escaped: {told}" if told else f"stopped: {refused}"
