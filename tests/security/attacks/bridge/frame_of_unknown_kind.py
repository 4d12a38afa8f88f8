"""Sends frames of all 256 kinds, the ones of the other direction too.

tries: reach a handler that is not meant for workers
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, b"".join(struct.pack("<IB", 1, kind) for kind in range(256)))
time.sleep(60)
