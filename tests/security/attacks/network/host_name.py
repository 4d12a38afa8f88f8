"""Changes the machine's name.

tries: rename the host; the name tried is one byte too long for the kernel
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
reached = []
for name in ("sethostname", "setdomainname"):
    # EINVAL comes after the check of the privilege.
    getattr(libc, name)(b"x" * 65, ctypes.c_size_t(65))
    if ctypes.get_errno() == errno.EINVAL:
        reached.append(name)
refused = errno.errorcode[ctypes.get_errno()]
result = f"escaped: only the length was refused to {reached}" if reached else f"stopped: {refused}"
