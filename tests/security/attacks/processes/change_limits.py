"""Sets a limit of its own to what it is.

tries: reach the call that changes limits
layers: seccomp
observed: stopped
"""

import resource

try:
    resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))
    result = "escaped: limits can be set"
except (OSError, ValueError) as error:
    result = f"stopped: {error}"
