"""Uses the newer calls for futexes.

tries: reach locks by calls that the filter does not know
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

reached = []
for name, number in (("futex_waitv", 449), ("futex_wake", 454), ("futex_wait", 455), ("futex_requeue", 456)):
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), None, 0, 0xFFFF, None, 0, 0)
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(f"{name} {errno.errorcode.get(ctypes.get_errno(), 0)}")
result = f"escaped: the kernel judged {reached}" if reached else "stopped: EPERM or ENOSYS"
