"""Asks its channel for the executor's network interfaces.

tries: learn the host's addresses through a socket that the executor made in its own network namespace
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import struct

SIOCGIFCONF = 0x8912
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(40 * 16)
request = ctypes.create_string_buffer(struct.pack("iP", len(buffer), ctypes.addressof(buffer)), 16)
if libc.ioctl(3, ctypes.c_ulong(SIOCGIFCONF), request) == 0:
    length = struct.unpack_from("i", request)[0]
    names = [buffer.raw[start : start + 16].partition(b"\0")[0].decode() for start in range(0, length, 40)]
    result = f"escaped: {length} bytes, interfaces {names}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
