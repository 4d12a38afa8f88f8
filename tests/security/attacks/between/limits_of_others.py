"""Changes the limits and the memory scores of other processes.

tries: raise its own limits through its parent, or lower those of others
layers: seccomp
observed: stopped
runs: once
host: at_once
"""

import os
import resource

if config["turn"] == "first":
    result = tools.meet(seen=os.getpid())
else:
    changed = []
    for number in {0, os.getppid(), config["seen"], os.getpid()}:
        try:
            now = resource.prlimit(number, resource.RLIMIT_CORE)
            resource.prlimit(number, resource.RLIMIT_CORE, now)
            changed.append(number)
        except (OSError, ProcessLookupError):
            continue
    result = f"escaped: limits of {changed} can be set" if changed else "stopped: they can only be read"
