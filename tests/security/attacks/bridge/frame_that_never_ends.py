"""Announces the largest frame that is allowed, and sends half of it.

tries: hold the executor's memory and its attention
layers: executor
observed: timed_out
runs: once
host: endures
"""

import os
import struct
import time

sent = struct.pack("<IB", 1 << 20, 19) + b"x" * (1 << 19)
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
