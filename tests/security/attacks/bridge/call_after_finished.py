"""Calls a tool behind its own end.

tries: have a side effect that no result shows
layers: executor
observed: stopped
runs: once
host: endures
"""

import os
import struct
import time

value = b'"stopped: nothing follows the end"'
call = struct.pack("<IHBII", 1, 0, 0, 0, 0) + b'{"late":true}'
os.write(3, struct.pack("<IBB", 2 + len(value), 19, 1) + value + struct.pack("<IB", 1 + len(call), 17) + call)
time.sleep(60)
