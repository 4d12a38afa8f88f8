"""Starts threads with large stacks, then as many small ones as it can.

tries: take memory and tasks by threads
layers: worker_namespaces, cgroup
observed: stopped | killed memory
runs: once
host: endures_with_each_limit_of_memory
"""

import threading

gate = threading.Event()
most = 0
for size, enough in ((64 << 20, 30), (64 << 10, 300)):
    threading.stack_size(size)
    started = 0
    try:
        while started < 2000:
            threading.Thread(target=gate.wait, daemon=True).start()
            started += 1
    except (RuntimeError, MemoryError):
        most = max(most, started / enough)
    else:
        most = 2
gate.set()
result = "escaped: threads without end" if most > 1 else f"stopped: {most:.2f} of what would be too many"
