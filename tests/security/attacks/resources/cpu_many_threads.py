"""Spins in all threads that it can have, in C code that does not hold the interpreter's lock.

tries: use every processor of the machine for as long as its wall time
layers: rlimits, executor
observed: killed cpu_time | timed_out
runs: once
host: endures
"""

import hashlib
import threading

block = bytes(1 << 20)


def spin():
    while True:
        hashlib.sha256(block).digest()


for _ in range(30):
    try:
        threading.Thread(target=spin, daemon=True).start()
    except RuntimeError:
        break
spin()
