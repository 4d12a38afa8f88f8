"""Calls with the id 0.

tries: match a result that belongs to nobody
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IBIHBII", 18, 17, 0, 0, 0, 0, 0) + b"{}")
time.sleep(60)
