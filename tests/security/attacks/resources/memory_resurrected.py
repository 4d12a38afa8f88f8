"""Objects that put others in their place when they are freed, each time with more.

tries: hold memory by destructors, in the middle of the program and at its end
layers: rlimits, cgroup, executor
observed: stopped | killed memory | killed cpu_time | killed output | timed_out | failed MemoryError
runs: once
host: endures
"""

kept = []


class Phoenix:
    def __init__(self):
        self.weight = bytearray(b"x") * (1 << 20)

    def __del__(self):
        kept.extend((Phoenix(), Phoenix()))


try:
    kept.append(Phoenix())
    for _ in range(1000):
        kept.pop(0)
    result = f"escaped: {len(kept)} MiB are held" if len(kept) > 500 else f"stopped: {len(kept)} MiB are held"
except MemoryError:
    result = "stopped: MemoryError"
