"""Asks the kernel to look a key up.

tries: fetch a key by description, or have the kernel start its helper program as root
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno
import os

number = {"x86_64": 249, "aarch64": 218}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
# Without call-out information the kernel only searches.
libc.syscall(number, b"user", b"codemode-no-such-key", None, 0)
code = ctypes.get_errno()
# ENOKEY: it searched.
result = f"{'escaped' if code == errno.ENOKEY else 'stopped'}: {errno.errorcode[code]}"
