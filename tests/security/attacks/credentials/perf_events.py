"""Opens a performance counter on another process.

tries: sample what other processes execute and where their secrets lie
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os
import struct

number = {"x86_64": 298, "aarch64": 241}[os.uname().machine]
PERF_TYPE_SOFTWARE, CPU_CLOCK = 1, 0
attributes = struct.pack("<IIQ", PERF_TYPE_SOFTWARE, 64, CPU_CLOCK).ljust(64, b"\0")
libc = ctypes.CDLL(None, use_errno=True)
opened = libc.syscall(number, ctypes.c_char_p(attributes), os.getppid(), -1, -1, 0)
if opened >= 0:
    os.close(opened)
    result = f"escaped: counts {os.getppid()}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
