"""Reads the priorities of processes and users.

tries: learn how the machine's work is arranged
layers: seccomp
observed: stopped
"""

import errno
import os

read, refused = {}, set()
for kind, numbers in (
    (os.PRIO_PROCESS, range(1, 300)),
    (os.PRIO_USER, (0, 1, 1000, 65534)),
    (os.PRIO_PGRP, range(1, 300)),
):
    for number in set(numbers) - {os.getpid()}:
        try:
            read[kind, number] = os.getpriority(kind, number)
        except OSError as error:
            refused.add(errno.errorcode[error.errno])
result = f"escaped: read {len(read)}: {list(read.items())[:4]}" if read else f"stopped: {sorted(refused)}"
