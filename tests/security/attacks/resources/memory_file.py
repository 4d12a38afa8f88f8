"""Makes a file in memory without a name, and grows it.

tries: take memory that belongs to a file and is counted by no limit on allocation
layers: seccomp
observed: stopped
runs: once
host: endures
"""

import os

total = 0
try:
    file = os.memfd_create("growing")
    while total < 512 << 20:
        total += os.write(file, b"x" * (1 << 20))
    result = f"escaped: {total >> 20} MiB"
except OSError as error:
    result = f"stopped: {type(error).__name__} after {total >> 20} MiB"
