"""Maps anonymous shared memory and writes each page of it.

tries: take memory that the limit on private data does not count, because the kernel keeps it as a file
layers: cgroup
observed: stopped
runs: once
host: endures_with_each_limit_of_memory
"""

import mmap

LIMIT = 512 << 20  # four times what the execution may allocate
maps, total = [], 0
try:
    while total < LIMIT:
        block = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        for page in range(0, 16 << 20, 4096):
            block[page] = 1
        maps.append(block)
        total += 16 << 20
    result = f"escaped: {total >> 20} MiB of shared memory are touched"
except (OSError, MemoryError) as error:
    result = f"stopped: {type(error).__name__} after {total >> 20} MiB"
