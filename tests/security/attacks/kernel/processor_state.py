"""Asks for its processor's state.

tries: find its code and stacks, or change what instructions do
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

ARCH_GET_FS, ARCH_GET_CPUID = 0x1003, 0x1011
told = []
value = ctypes.c_ulong()
if os.uname().machine == "x86_64":
    for name, operation in (("fs", ARCH_GET_FS), ("cpuid", ARCH_GET_CPUID)):
        if libc.syscall(ctypes.c_long(158), operation, ctypes.byref(value)) >= 0:
            told.append(name)
result = f"escaped: told {told}" if told else f"stopped: {errno.errorcode.get(ctypes.get_errno(), 'nothing to ask')}"
