"""Reads its local descriptor table.

tries: set segments of its own, as some exploits need
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

entries = ctypes.create_string_buffer(64)
READ_LDT = 0
length = (
    libc.syscall(ctypes.c_long(154), READ_LDT, entries, ctypes.c_ulong(64)) if os.uname().machine == "x86_64" else -1
)
# The call returns 32 bits, so an error may look like a large number.
length = ctypes.c_int(length).value
result = (
    f"escaped: read {length} bytes" if length >= 0 else f"stopped: {errno.errorcode.get(ctypes.get_errno(), length)}"
)
