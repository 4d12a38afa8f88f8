"""Lists the mounts of its namespace.

tries: learn the host's paths from the sources of mounts
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import struct

libc = ctypes.CDLL(None, use_errno=True)


LSMT_ROOT = 0xFFFFFFFFFFFFFFFF
request = struct.pack("IIQQ", 24, 0, LSMT_ROOT, 0)
found = (ctypes.c_uint64 * 64)()
count = libc.syscall(ctypes.c_long(458), request, found, ctypes.c_size_t(64), 0)
result = f"escaped: {count} mounts" if count >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
