"""Takes a lock on each byte of many files.

tries: hold kernel memory by the million small records that locks are
layers: rlimits, cgroup, executor
observed: completed | stopped | killed cpu_time | timed_out | killed memory
runs: once
host: endures
"""

import fcntl
import os
import tempfile

taken = 0
with tempfile.TemporaryDirectory() as directory:
    files = [os.open(f"{directory}/{number}", os.O_CREAT | os.O_RDWR) for number in range(50)]
    for position in range(2000):
        for file in files:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * position)
            taken += 1
result = f"stopped: {taken} locks in the time there was"
