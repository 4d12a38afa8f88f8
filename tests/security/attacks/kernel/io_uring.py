"""Sets up an io_uring.

tries: make system calls that no filter sees
layers: seccomp
observed: killed system_call
source: CVE-2023-2598 and many others of this call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

parameters = ctypes.create_string_buffer(120)
made = libc.syscall(ctypes.c_long(425), 1, parameters)

result = f"escaped: a ring is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
