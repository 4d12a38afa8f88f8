"""Makes system calls under numbers that no kernel has yet.

tries: use a call that is newer than the filter
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

reached = []
for number in [*range(480, 1100), 2048, 4096, 65535, 1 << 20, (1 << 29) + 59]:
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), ctypes.c_long(-1), None, None, None, None, None)
    if ctypes.get_errno() != errno.EPERM:
        reached.append(f"{number} {errno.errorcode.get(ctypes.get_errno(), 0)}")
# The kernel's own ENOSYS shows that the number came through.
result = f"escaped: the kernel was asked {len(reached)} times: {reached[:3]}" if reached else "stopped: EPERM"
