"""Counts the descriptors that it was born with.

tries: use a file or socket that the executor or the zygote has open
layers: descriptors
observed: stopped
"""

import os
import stat

found = []
for number in range(4, 256):
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        continue
    kind = "socket" if stat.S_ISSOCK(mode) else "directory" if stat.S_ISDIR(mode) else oct(stat.S_IFMT(mode))
    found.append(f"{number} {kind}")
result = f"escaped: {', '.join(found[:6])}" if found else "stopped: nothing but 0 to 3"
