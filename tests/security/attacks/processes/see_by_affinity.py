"""Looks for processes by asking where they may run.

tries: learn which processes the machine runs
layers: seccomp, worker_namespaces
observed: stopped
"""

import os

seen, answered = [], set()
for number in {*range(1, 5000), os.getppid()} - {os.getpid(), 0}:
    try:
        os.sched_getaffinity(number)
        seen.append(number)
    except OSError as error:
        answered.add(error.strerror)
result = f"escaped: sees {len(seen)} processes: {seen[:8]}" if seen else f"stopped: {sorted(answered)}"
