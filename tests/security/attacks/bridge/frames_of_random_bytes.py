"""Sends what no runner would send.

tries: find a sequence of bytes that the executor does not withstand
layers: executor
observed: killed protocol | killed value | timed_out
runs: once
host: endures
"""

import os
import random
import time

for _ in range(200):
    os.write(3, random.randbytes(random.randrange(1, 5000)))
time.sleep(60)
