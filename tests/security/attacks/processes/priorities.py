"""Changes how the processor is shared out.

tries: take the processor from others; each change is to what holds already, or undone
layers: seccomp
observed: stopped
"""

import errno
import os

OTHER = os.sched_param(0)
done, refused = [], set()


def real_time():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, OTHER)


for name, change in {
    "nice": lambda: os.nice(0),
    "setpriority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 0),
    "batch": lambda: os.sched_setscheduler(0, os.SCHED_OTHER, OTHER),
    "real time": real_time,
    "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "affinity of the parent": lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(os.getppid())),
}.items():
    try:
        change()
        done.append(name)
    except OSError as error:
        refused.add(f"{name} {errno.errorcode[error.errno]}")
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
