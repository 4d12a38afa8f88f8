"""Sends a frame without a kind.

tries: confuse the executor's reader by a frame that has nothing
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import time

os.write(3, bytes(4))
time.sleep(60)
