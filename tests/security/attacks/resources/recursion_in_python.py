"""Recurses without end, with the limit of recursion out of the way.

tries: crash the interpreter, and with it whatever shares its process
layers: executor
observed: stopped | killed crash | killed memory | killed cpu_time | timed_out | failed SystemError
runs: once
host: endures
"""

import sys

sys.setrecursionlimit(2**31 - 1)


def deeper(depth):
    return deeper(depth + 1)


try:
    deeper(0)
except (RecursionError, MemoryError) as error:
    result = f"stopped: {type(error).__name__}"
