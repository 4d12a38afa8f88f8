"""Asks for the machine's memory, load and time since its start.

tries: learn how busy the machine is, and with it what others do
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

about = ctypes.create_string_buffer(128)
if libc.sysinfo(about) == 0:
    uptime, load = ctypes.cast(about, ctypes.POINTER(ctypes.c_long))[:2]
    result = f"escaped: up for {uptime} s, load {load / 65536:.2f}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
