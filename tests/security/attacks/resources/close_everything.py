"""Closes each descriptor that it may have.

tries: leave the executor waiting for a worker that cannot speak any more
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import time

os.closerange(0, 65)
time.sleep(60)
