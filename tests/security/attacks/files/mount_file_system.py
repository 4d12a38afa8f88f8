"""Mounts a file system of a kind that there is not.

tries: put a writable or a device file system over what is read-only, or a fresh /proc
layers: capabilities, seccomp, landlock, namespaces
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
# A kind that no kernel has: the privilege is checked first.
libc.mount(b"none", b"/", b"codemode-none", 0, None)
code = ctypes.get_errno()
result = f"{'escaped: it may mount' if code == errno.ENODEV else 'stopped'}: {errno.errorcode[code]}"
