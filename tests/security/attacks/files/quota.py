"""Asks for quotas of a disk.

tries: learn or change what users of the host may store
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno

Q_SETINFO = 0x800006 << 8
libc = ctypes.CDLL(None, use_errno=True)
# A device that is none.
libc.quotactl(ctypes.c_int(ctypes.c_int32(Q_SETINFO & 0xFFFFFFFF).value), b"/codemode-none", 0, None)
code = ctypes.get_errno()
reached = code in (errno.ENOENT, errno.ENOTBLK)
result = f"{'escaped: reached the kernel' if reached else 'stopped'}: {errno.errorcode[code]}"
