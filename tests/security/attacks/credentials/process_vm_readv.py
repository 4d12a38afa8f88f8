"""Reads its parent's memory with process_vm_readv.

tries: copy a key out of the memory of the zygote or the executor
layers: seccomp, landlock, worker_namespaces
observed: killed system_call
"""

import ctypes
import errno
import os


class Area(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


libc = ctypes.CDLL(None, use_errno=True)
# A fork's addresses are its parent's.
copy = ctypes.create_string_buffer(16)
here, there = Area(ctypes.addressof(copy), 16), Area(id(object), 16)
if libc.process_vm_readv(os.getppid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0) == 16:
    result = f"escaped: {copy.raw.hex()} from {os.getppid()}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]} on {os.getppid()}"
