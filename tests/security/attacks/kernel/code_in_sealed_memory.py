"""Writes machine code to memory, and makes the memory executable afterwards.

tries: run code of its own without memory that is writable and executable at once
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import mmap
import os

code = {"x86_64": "b82a000000c3", "aarch64": "40058052c0035fd6"}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
pkey_mprotect = {"x86_64": 329, "aarch64": 288}[os.uname().machine]
memory = mmap.mmap(-1, 4096)
memory.write(bytes.fromhex(code))
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
place, length, prot = ctypes.c_void_p(address), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC
refused = []
for name, change in {
    "mprotect": lambda: libc.mprotect(place, length, prot),
    "pkey_mprotect": lambda: libc.syscall(ctypes.c_long(pkey_mprotect), place, length, ctypes.c_long(prot), -1),
}.items():
    if change() == 0:
        result = f"escaped: by {name} the code returned {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
        break
    refused.append(f"{name} {errno.errorcode[ctypes.get_errno()]}")
else:
    result = f"stopped: {refused}"
