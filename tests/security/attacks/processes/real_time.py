"""Asks for real-time scheduling.

tries: run before every other process of the machine; undone at once where it succeeds
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import errno
import os

try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    result = "escaped: it ran in real time"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
