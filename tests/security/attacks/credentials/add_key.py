"""Stores a key in a keyring of its own process.

tries: keep data in the kernel, past the end of the worker or its memory limit
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

number = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
KEY_SPEC_PROCESS_KEYRING = -2
libc = ctypes.CDLL(None, use_errno=True)
serial = libc.syscall(number, b"user", b"codemode-attack", b"x", 1, KEY_SPEC_PROCESS_KEYRING)
result = f"escaped: key {serial}" if serial > 0 else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
