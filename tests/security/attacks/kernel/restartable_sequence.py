"""Registers a restartable sequence again.

tries: nothing: the kernel holds one for each thread, which is the thread's own
layers: none
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 334, "aarch64": 293}[os.uname().machine]

area = ctypes.create_string_buffer(64)
start = (ctypes.addressof(area) + 31) // 32 * 32
done = libc.syscall(ctypes.c_long(number), ctypes.c_void_p(start), 32, 0, 0x53053053)
result = f"stopped: {'registered, for this thread alone' if done == 0 else errno.errorcode[ctypes.get_errno()]}"
if done == 0:
    libc.syscall(ctypes.c_long(number), ctypes.c_void_p(start), 32, 1, 0x53053053)
