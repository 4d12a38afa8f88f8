"""Changes its root directory.

tries: leave the read-only root; the one given is the root that there is
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

done = libc.chroot(b"/") == 0
result = "escaped: the root may be changed" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
