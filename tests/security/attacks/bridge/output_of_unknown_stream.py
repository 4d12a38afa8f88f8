"""Sends output for a stream that there is not.

tries: write to a third stream of the application
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IBB", 3, 18, 3) + b"x")
time.sleep(60)
