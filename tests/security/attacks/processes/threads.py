"""Starts as many threads as it can, up to 2,000.

tries: exhaust the machine's process table with threads
layers: worker_namespaces, cgroup
observed: stopped
runs: once
"""

import threading

threading.stack_size(64 * 1024)
end = threading.Event()
threads = []
try:
    while len(threads) < 2000:
        thread = threading.Thread(target=end.wait, daemon=True)
        thread.start()
        threads.append(thread)
except RuntimeError as error:
    refused = str(error)
end.set()
count = len(threads)
result = f"escaped: {count} threads" if count > 64 else f"stopped: after {count} threads: {refused}"
