"""Says of one answer twice that it was received.

tries: have the journal give an answer a place that it did not have
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

tools.echo(n=1)
os.write(3, struct.pack("<IBIHBIIII", 26, 17, 2, 0, 0, 2, 1, 1, 0) + b"{}")
time.sleep(60)
