"""Asks which pages of a file are in memory.

tries: see what other workers have read, through the cache that all share
layers: seccomp
observed: stopped
source: page cache attacks, Gruss and others, 2019
"""

import ctypes
import errno
import mmap
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
file = os.open(os.__file__, os.O_RDONLY)
told, refused = [], set()
address = libc.mmap(None, ctypes.c_size_t(8192), mmap.PROT_READ, mmap.MAP_SHARED, file, ctypes.c_long(0))
vector = ctypes.create_string_buffer(2)
counts = ctypes.create_string_buffer(40)
preadv2 = {"x86_64": 327, "aarch64": 286}[os.uname().machine]
piece = ctypes.create_string_buffer(16)
vectors = struct.pack("PQ", ctypes.addressof(piece), 16)
for name, ask in {
    "mincore": lambda: libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(8192), vector),
    "cachestat": lambda: libc.syscall(ctypes.c_long(451), file, struct.pack("QQ", 0, 8192), counts, 0),
    # RWF_NOWAIT reads only what is there already.
    "preadv2": lambda: libc.syscall(ctypes.c_long(preadv2), file, vectors, ctypes.c_long(1), ctypes.c_long(0), 0, 8),
}.items():
    if ask() >= 0:
        told.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: told by {told}" if told else f"stopped: {sorted(refused)}"
