"""Raises its own limits.

tries: have more memory, processor time or files than the execution was given
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import errno
import resource

raised, refused = [], set()
for name in ("RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_CORE"):
    limit = getattr(resource, name)
    _, hard = resource.getrlimit(limit)
    if hard == resource.RLIM_INFINITY:
        continue
    try:
        resource.setrlimit(limit, (hard + 1, hard + 1))
        raised.append(name)
    except (OSError, ValueError) as error:
        # ValueError is Python's word for EPERM here.
        refused.add(errno.errorcode[error.errno] if isinstance(error, OSError) else str(error))
result = f"escaped: raised {raised}" if raised else f"stopped: {sorted(refused)}"
