"""Ends with bytes that are no value.

tries: crash whoever decodes the value
layers: executor
observed: killed protocol
runs: once
host: application
"""

import os
import struct
import time

value = b"\xff{not json"
os.write(3, struct.pack("<IBB", 2 + len(value), 19, 1) + value)
time.sleep(60)
