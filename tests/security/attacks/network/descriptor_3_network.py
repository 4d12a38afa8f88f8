"""Asks its channel for the network namespace that it comes from.

tries: use the socket that the executor made, outside the jail's namespaces, as a way back
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno
import os

# SIOCGSKNS answers with a descriptor of the socket's network namespace.
libc = ctypes.CDLL(None, use_errno=True)
namespace = libc.ioctl(3, ctypes.c_ulong(0x894C))
if namespace >= 0:
    result = f"escaped: the executor's network namespace is descriptor {namespace}, inode {os.fstat(namespace).st_ino}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
