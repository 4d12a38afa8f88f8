"""Asks for more memory in one allocation than the machine has.

tries: make the allocator or the kernel fail in a way that is not an exception
layers: rlimits, executor
observed: stopped
runs: once
host: endures
"""

import array
import mmap

asked = {
    "str": lambda: "x" * (1 << 40),
    "list": lambda: [0] * (1 << 40),
    "bytes": lambda: bytes(1 << 40),
    "array": lambda: array.array("Q", [0]) * (1 << 38),
    "mmap": lambda: mmap.mmap(-1, 1 << 40),
    "format": lambda: f"{1:1099511627776}",
}
got = []
for name, ask in asked.items():
    try:
        ask()
        got.append(name)
    except (MemoryError, OverflowError, OSError, ValueError):
        continue
result = f"escaped: 1 TiB by {got}" if got else "stopped: each raised an exception"
