"""Ends, and says at once that it is ready.

tries: get the next tenant's program after its own end
layers: executor
observed: stopped
runs: once
host: endures
"""

import os
import struct
import time

value = b'"stopped: this execution is over"'
os.write(3, struct.pack("<IBB", 2 + len(value), 19, 1) + value + struct.pack("<IB", 1, 16))
while os.read(3, 65536):
    os.write(3, struct.pack("<IBB", 2, 19, 1) + b"")
time.sleep(60)
