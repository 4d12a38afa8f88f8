"""Takes a protection key.

tries: make memory that the kernel's checks see otherwise than the processor
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 330, "aarch64": 289}[os.uname().machine]

made = libc.syscall(ctypes.c_long(number), 0, 0)
refused = ctypes.get_errno()
if made >= 0:
    libc.syscall(ctypes.c_long(number + 1), made)
# A processor without such keys says ENOSPC: the kernel was asked all the same.
reached = made >= 0 or refused == errno.ENOSPC
result = f"{'escaped' if reached else 'stopped'}: {made if made >= 0 else errno.errorcode[refused]}"
