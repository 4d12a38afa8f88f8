"""Makes itself dumpable and allows itself a core file.

tries: have the kernel write a worker's memory to a file, or hand it to the host's crash handler
layers: rlimits, seccomp
observed: stopped
"""

import ctypes
import errno
import resource

PR_SET_DUMPABLE = 4
libc = ctypes.CDLL(None, use_errno=True)
dumpable = libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 or errno.errorcode[ctypes.get_errno()]
try:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (min(hard, 4096) if hard >= 0 else 4096, hard))
    limit, _ = resource.getrlimit(resource.RLIMIT_CORE)
except (OSError, ValueError) as error:
    limit = error
if dumpable is True and limit not in (0,) and isinstance(limit, int):
    result = f"escaped: dumpable, core files of {limit} bytes"
else:
    result = f"stopped: dumpable {dumpable}, core files {limit}"
