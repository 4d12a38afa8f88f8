"""Looks for processes by how signals to them are refused.

tries: learn which processes there are; signal 0 sends none
layers: seccomp, worker_namespaces
observed: stopped
"""

import os

exist, missing = [], 0
for number in {*range(1, 5000), os.getppid()} - {os.getpid(), 0}:
    try:
        os.kill(number, 0)
        exist.append(number)
    except PermissionError:
        exist.append(number)
    except ProcessLookupError:
        missing += 1
# A call that is refused for every number tells nothing.
result = (
    f"escaped: {len(exist)} exist: {exist[:8]}" if exist and missing else f"stopped: {missing} are missing, no other"
)
