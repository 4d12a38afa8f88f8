"""Puts a further filter on itself, with a listener.

tries: answer system calls itself, or hide calls from whoever watches
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 317, "aarch64": 277}[os.uname().machine]


MODE_FILTER, NEW_LISTENER, RETURN_ALLOW = 1, 8, 0x7FFF0000
instruction = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, RETURN_ALLOW), 8)
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(instruction))
made = libc.syscall(ctypes.c_long(number), MODE_FILTER, NEW_LISTENER, program)

result = f"escaped: a listener is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
