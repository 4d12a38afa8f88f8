"""Calls the tool behind the last one.

tries: call a tool that the application has and this execution has not
layers: executor
observed: killed protocol
runs: once
host: application
"""

import os
import struct
import time

os.write(3, struct.pack("<IBIHBII", 18, 17, 1, 4, 0, 0, 0) + b"{}")
time.sleep(60)
