"""Looks whether its standard streams are pipes of the executor.

tries: write into the executor's log, or read what somebody types there
layers: descriptors
observed: stopped
"""

import os
import stat

null = os.stat("/dev/null")
others = []
for number in (0, 1, 2):
    status = os.fstat(number)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev != null.st_rdev:
        others.append(f"{number}: {oct(stat.S_IFMT(status.st_mode))}")
result = f"escaped: {', '.join(others)}" if others else "stopped: all three are /dev/null"
