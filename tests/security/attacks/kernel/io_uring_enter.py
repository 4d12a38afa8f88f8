"""Enters an io_uring that it has not.

tries: use a ring whose set-up was missed
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

made = libc.syscall(ctypes.c_long(426), -1, 0, 0, 0, None, 0)
refused = errno.errorcode[ctypes.get_errno()]
result = "escaped: the kernel looked for the ring: EBADF" if refused == "EBADF" else f"stopped: {refused}"
