"""Asks whether it may signal all processes at once.

tries: kill everything that it sees by one call; signal 0 sends none
layers: seccomp, worker_namespaces
observed: stopped
"""

import errno
import os

try:
    os.kill(-1, 0)
    result = "escaped: there are processes that it may signal"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
