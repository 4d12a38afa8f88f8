"""Clones a mount with the newer interface.

tries: mount without mount(2), which filters know
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

OPEN_TREE, OPEN_TREE_CLONE, AT_FDCWD = 428, 1, -100
libc = ctypes.CDLL(None, use_errno=True)
tree = libc.syscall(OPEN_TREE, AT_FDCWD, b"/", OPEN_TREE_CLONE | os.O_CLOEXEC)
if tree >= 0:
    os.close(tree)
    result = "escaped: a mount of its own"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
