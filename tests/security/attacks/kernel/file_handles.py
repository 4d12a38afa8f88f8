"""Asks for a file's handle, to open files past their paths.

tries: open any inode of a file system by its number
layers: seccomp
observed: killed system_call
source: the shocker escape from containers
"""

import ctypes
import errno
import struct

libc = ctypes.CDLL(None, use_errno=True)


handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 8 + 128)
mount = ctypes.c_int()
done = libc.name_to_handle_at(-100, b"/", handle, ctypes.byref(mount), 0)
if done == 0:
    result = f"escaped: a handle of {struct.unpack_from('I', handle)[0]} bytes, mount {mount.value}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
