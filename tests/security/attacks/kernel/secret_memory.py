"""Makes memory that the kernel itself does not map.

tries: pin memory that cannot be inspected or swapped
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

made = libc.syscall(ctypes.c_long(447), os.O_CLOEXEC)

result = (
    f"escaped: secret memory is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
)
