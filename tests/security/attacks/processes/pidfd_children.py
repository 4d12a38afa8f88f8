"""Opens handles on processes.

tries: hold, watch and later use a handle on another process
layers: seccomp, worker_namespaces
observed: stopped
"""

import errno
import os

opened, refused = [], set()
for number in {*range(1, 2000), os.getppid()} - {os.getpid(), 0}:
    try:
        os.close(os.pidfd_open(number))
        opened.append(number)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: handles on {opened[:8]}" if opened else f"stopped: {sorted(refused)}"
