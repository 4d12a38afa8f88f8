"""Asks for the handle of a directory.

tries: learn inode and generation numbers, to build handles of other files from
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno


class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)
handle, mount = Handle(128), ctypes.c_int()
if libc.name_to_handle_at(AT_FDCWD, b"/usr", ctypes.byref(handle), ctypes.byref(mount), 0) == 0:
    result = f"escaped: {bytes(handle.data[: handle.size]).hex()} on mount {mount.value}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
