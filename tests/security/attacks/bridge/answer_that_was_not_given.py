"""Says that it received an answer to a call that nobody answered.

tries: have the journal say that a call was answered
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IBIHBIII", 22, 17, 1, 0, 0, 1, 1, 0) + b"{}")
time.sleep(60)
