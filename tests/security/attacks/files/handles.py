"""Opens a file of the host by its handle instead of its path.

tries: open any inode of a file system that is mounted somewhere, past root and mounts
layers: capabilities, seccomp, namespaces
observed: killed system_call
source: the "shocker" escape from containers (2014)
"""

import ctypes
import errno
import os


class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)
handle, mount = Handle(128), ctypes.c_int()
if libc.name_to_handle_at(AT_FDCWD, os.__file__.encode(), ctypes.byref(handle), ctypes.byref(mount), 0) != 0:
    result = f"stopped: name_to_handle_at: {errno.errorcode[ctypes.get_errno()]}"
else:
    directory = os.open(os.path.dirname(os.__file__), os.O_RDONLY)
    opened = libc.open_by_handle_at(directory, ctypes.byref(handle), os.O_RDONLY)
    if opened >= 0:
        result = f"escaped: read {os.read(opened, 8)!r} without a path"
        os.close(opened)
    else:
        result = f"stopped: open_by_handle_at: {errno.errorcode[ctypes.get_errno()]}"
    os.close(directory)
