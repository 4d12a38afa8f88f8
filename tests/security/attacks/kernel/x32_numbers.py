"""Makes system calls under the numbers of the x32 ABI.

tries: make forbidden calls under other numbers
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

X32 = 0x40000000
getpid = libc.syscall(ctypes.c_long(X32 + 39))
result = f"escaped: x32 says process {getpid}" if getpid > 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
