"""Grows a list of small objects for ever.

tries: take memory in pieces so small that no single allocation is suspicious
layers: rlimits, cgroup, executor
observed: stopped | killed memory | killed cpu_time | timed_out
runs: once
host: endures
"""

items = []
try:
    for number in range(200_000_000):
        items.append((number, str(number)))
    result = "escaped: 200 million objects are held"
except MemoryError:
    count = len(items)
    del items
    result = f"stopped: MemoryError at {count} objects"
