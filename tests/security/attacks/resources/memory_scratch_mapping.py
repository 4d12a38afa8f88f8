"""Makes files of the scratch directory as large as they may be, without writing them, and writes them by mappings.

tries: take more memory as files than the scratch directory has, by holes that are filled later
layers: worker_namespaces, cgroup
observed: killed crash | stopped
runs: once
host: endures_with_each_limit_of_memory
"""

import mmap
import os

LIMIT = 256 << 20
SIZE = 8 << 20
maps, total = [], 0
try:
    while total < LIMIT:
        file = os.open(f"hole-{total}", os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, SIZE)
        block = mmap.mmap(file, SIZE)
        os.close(file)
        os.unlink(f"hole-{total}")
        for page in range(0, SIZE, 4096):
            block[page] = 1
        maps.append(block)
        total += SIZE
    result = f"escaped: {total >> 20} MiB of files are in memory"
except OSError as error:
    result = f"stopped: {error.strerror} after {total >> 20} MiB"
