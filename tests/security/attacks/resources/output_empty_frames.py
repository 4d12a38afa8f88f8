"""Sends output frames that carry nothing.

tries: occupy the executor with frames that count for no limit
layers: executor
observed: killed cpu_time | timed_out | killed protocol | killed output
runs: once
host: endures
"""

import os
import struct

frames = struct.pack("<IBB", 2, 18, 1) * 10_000
while True:
    os.write(3, frames)
