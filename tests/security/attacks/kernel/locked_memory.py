"""Locks memory.

tries: keep memory from being used otherwise, for whoever else needs it
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap

libc = ctypes.CDLL(None, use_errno=True)


memory = mmap.mmap(-1, 4096)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
if libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(4096)) == 0:
    result = "escaped: a page is locked"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
