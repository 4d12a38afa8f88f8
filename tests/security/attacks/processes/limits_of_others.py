"""Sets a limit of its parent to what it is.

tries: choke the zygote or the executor by lowering its limits
layers: seccomp, worker_namespaces
observed: stopped
"""

import os
import resource

set_on, refused = [], set()
for process in {os.getppid(), *range(1, 300)} - {0, os.getpid()}:
    try:
        now = resource.prlimit(process, resource.RLIMIT_NOFILE)
        resource.prlimit(process, resource.RLIMIT_NOFILE, now)
        set_on.append(process)
    except (OSError, ValueError) as error:
        refused.add(str(error))
result = f"escaped: limits of {set_on[:8]}" if set_on else f"stopped: {sorted(refused)}"
