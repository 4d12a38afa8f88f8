"""Makes a BPF map.

tries: have memory and later programs in the kernel
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]

BPF_MAP_CREATE, BPF_MAP_TYPE_ARRAY = 0, 2
attributes = (ctypes.c_uint32 * 16)(BPF_MAP_TYPE_ARRAY, 4, 8, 1)
made = libc.syscall(ctypes.c_long(number), BPF_MAP_CREATE, attributes, len(bytes(attributes)))

result = f"escaped: a map is descriptor {made}" if made >= 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
