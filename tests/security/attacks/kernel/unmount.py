"""Unmounts the scratch directory.

tries: reach what is below a mount; the place named does not exist
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
libc.umount2(b"/nonexistent-codemode", 0)
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = f"escaped: only the arguments were refused: {refused}" if refused in ("ENOENT",) else f"stopped: {refused}"
