"""Reports a failure whose report is deep, negative and no Unicode.

tries: crash the executor's parser of reports
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

data = b'{"type":"E","message":"\\ud800","line":-1,"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
sent = struct.pack("<IBB", 2 + len(data), 19, 2) + data
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
