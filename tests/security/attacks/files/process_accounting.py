"""Turns process accounting on, at an address that is none.

tries: have the kernel write what every process does to a file
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
# The privilege is checked before the name is read.
libc.acct(ctypes.c_void_p(8))
code = ctypes.get_errno()
result = f"{'escaped: it may' if code == errno.EFAULT else 'stopped'}: {errno.errorcode[code]}"
