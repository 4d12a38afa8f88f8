"""Declares memory broken.

tries: have the machine give up pages that others use; the address named is no memory
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

MADV_HWPOISON, MADV_SOFT_OFFLINE = 100, 101
refused = set()
for advice in (MADV_HWPOISON, MADV_SOFT_OFFLINE):
    # Past the check of the privilege there is nothing at this address, so nothing happens.
    libc.madvise(ctypes.c_void_p(0x10000), ctypes.c_size_t(4096), advice)
    refused.add(errno.errorcode[ctypes.get_errno()])
reached = refused & {"EFAULT", "ENOMEM", "EIO"}
result = f"{'escaped: only the address was refused' if reached else 'stopped'}: {sorted(refused)}"
