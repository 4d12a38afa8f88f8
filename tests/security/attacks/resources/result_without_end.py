"""Ends with a container whose iterator never stops.

tries: make the encoder run for ever, after the program has ended
layers: executor
observed: killed cpu_time | timed_out | failed MemoryError | killed memory
runs: once
host: endures
"""

from collections import deque


class Endless(deque):
    def __iter__(self):
        while True:
            yield 1


result = Endless([1])
