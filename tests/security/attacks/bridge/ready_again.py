"""Says a second time that it is ready.

tries: be taken for an idle worker, and be given the next tenant's program
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IB", 1, 16))
time.sleep(60)
