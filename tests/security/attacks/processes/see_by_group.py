"""Looks for processes by asking for their groups and sessions.

tries: learn which processes the machine runs
layers: seccomp, worker_namespaces
observed: stopped
"""

import os

seen, answered = set(), set()
for number in {*range(1, 5000), os.getppid()} - {os.getpid(), 0}:
    for ask in (os.getpgid, os.getsid):
        try:
            ask(number)
            seen.add(number)
        except OSError as error:
            answered.add(error.strerror)
result = f"escaped: sees {len(seen)} processes: {sorted(seen)[:8]}" if seen else f"stopped: {sorted(answered)}"
