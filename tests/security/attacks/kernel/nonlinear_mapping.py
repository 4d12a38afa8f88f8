"""Rearranges the pages of a mapping.

tries: reach an old, rarely used part of memory management
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap
import os

number = {"x86_64": 216, "aarch64": 234}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
memory = mmap.mmap(-1, 8192)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
size = ctypes.c_size_t(4096)
done = libc.syscall(ctypes.c_long(number), ctypes.c_void_p(address), size, 0, ctypes.c_size_t(1), 0)
result = "escaped: rearranged" if done == 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
