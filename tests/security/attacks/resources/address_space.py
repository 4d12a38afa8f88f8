"""Reserves address space without touching it.

tries: fill the kernel's tables of mappings, which no memory limit counts
layers: rlimits
observed: stopped
runs: once
host: endures
"""

import mmap

maps = []
try:
    while len(maps) < 100_000:
        maps.append(mmap.mmap(-1, 1 << 28, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ))
    result = f"escaped: {len(maps)} mappings of 256 MiB"
except (OSError, MemoryError) as error:
    result = f"stopped: {type(error).__name__} at {len(maps)} mappings"
