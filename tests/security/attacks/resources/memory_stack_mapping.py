"""Maps private memory that may grow downwards, and writes each page of it.

tries: take memory that the limit on private data does not count, because the kernel takes it for a stack
layers: rlimits, cgroup
observed: stopped | killed memory
runs: once
host: endures_with_each_limit_of_memory
"""

import mmap

GROWS_DOWN = 0x100
maps, total = [], 0
try:
    while total < 512 << 20:
        block = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | GROWS_DOWN)
        for page in range(0, 16 << 20, 4096):
            block[page] = 1
        maps.append(block)
        total += 16 << 20
    result = f"escaped: {total >> 20} MiB are touched"
except (OSError, MemoryError) as error:
    result = f"stopped: {type(error).__name__} after {total >> 20} MiB"
