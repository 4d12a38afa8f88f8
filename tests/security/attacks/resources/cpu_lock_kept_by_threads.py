"""Threads that never let the interpreter's lock go, while the main thread wants to end.

tries: keep the runner from reporting, so that nothing ends the execution
layers: rlimits, executor
observed: killed cpu_time | timed_out | completed
runs: once
host: endures
"""

import sys
import threading

sys.setswitchinterval(1e9)
ready = threading.Event()


def spin():
    ready.set()
    while True:
        pass


thread = threading.Thread(target=spin, daemon=True)
thread.start()
ready.wait()
result = 1
