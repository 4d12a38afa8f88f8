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
one, other = [], []
for _ in range(300_000):
    one, other = [one], [other]
try:
    # Not their repr, which looks for itself among all that it is in, and takes seconds for it.
    result = f"stopped: they were compared, {one == other}"
except (RecursionError, MemoryError) as error:
    result = f"stopped: {type(error).__name__}"
