"""Recurses through C code until its stack ends.

tries: crash the worker by a stack overflow in C
layers: executor
observed: killed crash | stopped
runs: once
host: endures
source: CPython's own crashers, Lib/test/crashers
"""

import sys

sys.setrecursionlimit(2**31 - 1)
value = []
for _ in range(10_000_000):
    value = [value]
try:
    repr(value)
    result = "stopped: repr came back"
except (RecursionError, MemoryError) as error:
    result = f"stopped: {type(error).__name__}"
