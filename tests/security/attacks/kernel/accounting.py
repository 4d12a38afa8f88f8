"""Has the kernel write accounts of processes.

tries: have the kernel write to a file of its choice; the one named is in no directory
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
libc.acct(b"/nonexistent-codemode/accounts")
refused = errno.errorcode[ctypes.get_errno()]
# Past the check of the privilege the arguments are refused, so nothing happens.
result = f"escaped: only the arguments were refused: {refused}" if refused in ("ENOENT",) else f"stopped: {refused}"
