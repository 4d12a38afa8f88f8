"""Looks for processes by reading their limits.

tries: learn which processes there are and what they may use
layers: seccomp, worker_namespaces
observed: stopped
"""

import os
import resource

read, exist, answered = {}, set(), set()
for number in {*range(1, 5000), os.getppid()} - {os.getpid(), 0}:
    try:
        read[number] = resource.prlimit(number, resource.RLIMIT_NOFILE)
    except ProcessLookupError as error:
        answered.add(error.strerror)
    except PermissionError as error:
        # Refused for those that exist and are somebody else's: an answer too, if others are said not to exist.
        exist.add(number)
        refused = error.strerror
if read or (exist and answered):
    result = f"escaped: read {dict(list(read.items())[:3])}, and {len(exist)} exist"
else:
    result = f"stopped: {sorted(answered) or refused}"
