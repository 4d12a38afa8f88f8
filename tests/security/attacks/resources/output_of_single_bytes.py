"""Writes one byte at a time, flushed, in turn to both streams.

tries: make each byte a message to the client
layers: executor
observed: killed cpu_time | timed_out | killed output
runs: once
host: endures
"""

import sys

while True:
    print("x", end="", flush=True)
    print("y", end="", flush=True, file=sys.stderr)
