"""Looks for processes by reading their processor clocks.

tries: learn which processes the machine runs, and how busy each is, from clocks that any process may read
layers: seccomp, worker_namespaces
observed: stopped
"""

import os
import time

seen, answered = {}, set()
for number in {*range(1, 5000), os.getppid()} - {os.getpid(), 0}:
    # The kernel's number for the processor clock of a whole process.
    clock = (~number << 3) | 2
    try:
        seen[number] = round(time.clock_gettime(clock), 3)
    except OSError as error:
        answered.add(error.strerror)
result = f"escaped: sees {len(seen)}: {dict(list(seen.items())[:4])}" if seen else f"stopped: {sorted(answered)}"
