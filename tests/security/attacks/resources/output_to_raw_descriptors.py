"""Writes to the descriptors 0, 1 and 2 past Python's streams.

tries: reach the executor's own output and its log
layers: descriptors
observed: stopped
runs: once
host: endures
"""

import os
import stat

reached = []
for descriptor in (0, 1, 2):
    status = os.fstat(descriptor)
    if not (stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == 1 and os.minor(status.st_rdev) == 3):
        reached.append(descriptor)
    try:
        for _ in range(1000):
            os.write(descriptor, b"escape\n" * 1000)
    except OSError:
        continue
result = f"escaped: {reached} are not /dev/null" if reached else "stopped: all three are /dev/null"
