"""Ends with a value between the limit of values and that of frames.

tries: get more to the application than it allows
layers: executor
observed: killed value
runs: once
host: endures
"""

import os
import struct
import time

value = b'"' + b"x" * ((1 << 20) + 100) + b'"'
sent = struct.pack("<IBB", 2 + len(value), 19, 1) + value
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
