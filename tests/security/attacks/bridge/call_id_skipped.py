"""Calls with an id that is far ahead.

tries: overflow the counter of calls, or have a limit never reached
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IBIHBII", 18, 17, 0xFFFFFFFF, 0, 0, 0, 0) + b"{}")
time.sleep(60)
