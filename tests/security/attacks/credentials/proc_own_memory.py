"""Searches the whole of its own memory for the executor's key through /proc/self/mem.

tries: find what the zygote or the executor left in memory that a worker inherits
layers: landlock, namespaces
observed: stopped
"""

import re

# Written backwards, so that this program is not what it finds.
marker = b"-rekram-kmc"[::-1]
pattern = re.compile(re.escape(marker) + b"[0-9a-f]{16}")
try:
    with open("/proc/self/maps") as file:
        areas = [line.split() for line in file]
    found = total = 0
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for bounds, flags, *_ in areas:
            low, high = (int(bound, 16) for bound in bounds.split("-"))
            if not flags.startswith("r") or high >= 1 << 47:
                continue
            for start in range(low, high, 1 << 20):
                try:
                    memory.seek(start)
                    content = memory.read(min(1 << 20, high - start))
                except OSError:
                    break
                total += len(content)
                found += len(pattern.findall(content))
    # To read one's memory through /proc is reach enough: nothing in the jail has /proc.
    result = f"escaped: {total} bytes read through /proc, {found} keys"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
