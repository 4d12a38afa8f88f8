"""Writes without end to stdout and stderr.

tries: fill the executor's memory with output, or its disk with a log
layers: executor
observed: killed output
runs: once
host: endures
"""

import sys

while True:
    sys.stdout.write("x" * 100_000)
    sys.stderr.write("y" * 100_000)
