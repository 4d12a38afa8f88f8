"""Asks for more of the processor than others get, from six executions at once.

tries: starve other executions and the executor
layers: seccomp
observed: stopped
runs: once
host: pool_is_unharmed
"""

import os

got = []
own = os.sched_getaffinity(0)
for name, attempt in {
    "nice": lambda: os.nice(-1),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -1),
    "scheduler": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "affinity": lambda: os.sched_setaffinity(0, own),
}.items():
    try:
        attempt()
        got.append(name)
    except OSError:
        continue
result = f"escaped: {got}" if got else "stopped: the kernel decides"
