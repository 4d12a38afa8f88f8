"""Makes garbage that only the cycle collector frees, with the collector off.

tries: hold memory that no variable refers to
layers: rlimits, cgroup
observed: stopped | killed memory | killed cpu_time | timed_out
runs: once
host: endures
"""

import gc

gc.disable()
made = 0
try:
    while made < 2 << 30:
        cycle = [bytearray(b"x") * (1 << 20)]
        cycle.append(cycle)
        made += 1 << 20
    result = f"escaped: {made >> 20} MiB of garbage"
except MemoryError:
    gc.collect()
    result = f"stopped: MemoryError at {made >> 20} MiB of garbage"
