"""Asks which capabilities it holds.

tries: find a privilege that was left to it
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno
import os
import struct

number = {"x86_64": 125, "aarch64": 90}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
header = struct.pack("<Ii", 0x20080522, 0)
data = ctypes.create_string_buffer(24)
if libc.syscall(number, header, data) != 0:
    result = f"stopped: capget: {errno.errorcode[ctypes.get_errno()]}"
else:
    effective, permitted, inheritable = struct.unpack("<3I", data.raw[:12])
    held = f"effective {effective:#x}, permitted {permitted:#x}, inheritable {inheritable:#x}"
    result = f"{'escaped' if effective | permitted else 'stopped'}: {held}"
