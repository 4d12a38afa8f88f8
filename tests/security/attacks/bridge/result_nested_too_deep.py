"""Ends with a value of 200,000 brackets.

tries: overflow the stack of the application's decoder
layers: executor
observed: killed protocol
runs: once
host: application
"""

import os
import struct
import time

value = b"[" * 200_000 + b"]" * 200_000
sent = struct.pack("<IBB", 2 + len(value), 19, 1) + value
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
