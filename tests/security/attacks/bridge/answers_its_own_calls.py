"""Sends result frames, which only the executor sends.

tries: answer its own calls, or those of another execution, in the executor
layers: executor
observed: killed protocol
runs: once
host: application
"""

import os
import struct
import time

for number in range(1, 4):
    os.write(3, struct.pack("<IBIB", 1 + 5 + 2, 2, number, 0) + b"42")
time.sleep(60)
