"""Hides a forbidden flag in the upper half of an argument.

tries: pass a check of 32 bits with a value of 64, or the other way round
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

libc.mmap.restype = ctypes.c_void_p
failed = ctypes.c_void_p(-1).value
done = []
for name, attempt in {
    # The kernel reads 64 bits of these, and 32 of those below.
    "mmap": lambda: (
        libc.mmap(None, ctypes.c_size_t(4096), ctypes.c_long((1 << 32) | 7), ctypes.c_long(0x22), -1, 0) != failed
    ),
    "mprotect": lambda: libc.mprotect(None, ctypes.c_size_t(0), ctypes.c_long((1 << 32) | 5)) == 0,
    "prctl": lambda: libc.syscall(ctypes.c_long(157), ctypes.c_long((15 << 32) | 4), 0, 0, 0, 0) == 0,
    "ioctl": lambda: libc.ioctl(3, ctypes.c_ulong((0x5421 << 32) | 0x894C), 0) >= 0,
    "limit": lambda: (
        libc.syscall(ctypes.c_long(302), 0, 7, ctypes.c_long(1 << 40), 0) == 0 or ctypes.get_errno() == errno.EFAULT
    ),
}.items():
    if attempt():
        done.append(name)
result = f"escaped: by {done}" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
