"""Allocates and touches memory until it is refused.

tries: take the machine's memory with one large buffer after another
layers: rlimits, cgroup
observed: stopped | killed memory
runs: once
host: endures
"""

blocks, total = [], 0
try:
    while total < 2 << 30:
        blocks.append(bytearray(b"x") * (16 << 20))
        total += 16 << 20
    result = f"escaped: {total >> 20} MiB are touched"
except MemoryError:
    blocks.clear()
    result = f"stopped: MemoryError after {total >> 20} MiB"
