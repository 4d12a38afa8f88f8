"""Leaves a seed and clock reads in the worker's extension, and looks for them in the next execution.

tries: foresee another execution's random numbers, or learn when it read a clock
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import os
import sys
import time

determinism = sys.modules["codemode_worker.determinism"]
if config["turn"] == "first":
    drawn = os.urandom(16).hex()
    determinism.begin("5a" * 32, b"")
    after = os.urandom(16).hex()
    result = {"drawn": drawn, "after": after, "read": [time.time_ns() for _ in range(100)]}
else:
    reads, _ = determinism.take_clock()
    drawn = [os.urandom(16).hex() for _ in range(64)]
    found = [value for value in (config["seen"]["drawn"], config["seen"]["after"]) if value in drawn]
    found += [time for time in config["seen"]["read"] if reads]
    result = f"escaped: {found}" if found else "stopped: a worker begins without either"
