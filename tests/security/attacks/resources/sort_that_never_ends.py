"""A sort whose comparisons change what is sorted.

tries: confuse C code by changing the list under it
layers: rlimits, executor
observed: killed cpu_time | timed_out | failed ValueError | failed MemoryError | killed crash
runs: once
host: endures
"""

items = []


class Item:
    def __lt__(self, other):
        items.extend([Item(), Item()])
        return True


items.extend(Item() for _ in range(100))
while True:
    items.sort()
