"""Starts coroutines of tools by the hundred thousand and awaits none.

tries: fill the memory with calls that are never made
layers: rlimits, executor
observed: stopped | failed MemoryError | killed memory | killed cpu_time | timed_out
runs: once
host: endures
"""

import warnings

warnings.simplefilter("ignore")
try:
    waiting = [tools.echo.run_async(n=n) for n in range(1_000_000)]
    result = f"escaped: {len(waiting)} calls wait"
except MemoryError:
    waiting = []
    result = "stopped: MemoryError"
