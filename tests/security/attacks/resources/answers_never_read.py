"""Calls a tool with large answers, and never reads one.

tries: fill the executor's memory with answers that nobody takes, and hold up all else on the connection
layers: executor
observed: killed protocol | timed_out
runs: once
host: beside_on_one_connection
"""

import os
import struct
import time

for number in range(1, 101):
    payload = struct.pack("<IHBII", number, 0, 0, 0, 0) + b"{}"
    os.write(3, struct.pack("<IB", len(payload) + 1, 17) + payload)
time.sleep(60)
