"""Exchanges the root of its mount namespace.

tries: bring back the root that was replaced when the jail was made
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

number = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
# Names that are not there: the privilege is checked first.
libc.syscall(number, b"/codemode-none", b"/codemode-none")
code = ctypes.get_errno()
result = f"{'escaped: it may' if code == errno.ENOENT else 'stopped'}: {errno.errorcode[code]}"
