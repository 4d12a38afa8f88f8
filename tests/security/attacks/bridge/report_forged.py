"""Reports a failure with fields of the wrong type, extra fields and another's usage.

tries: have limits, usage or another outcome read from the program's own words
layers: executor
observed: failed Forged
runs: once
host: application
"""

import json
import os
import struct
import time

report = {
    "type": "Forged", "message": "x" * 50_000, "traceback": "\x00\x1b[2J" * 30_000, "line": 7, "column": 4_294_967_295,
    "usage": {"cpu_time": 0}, "outcome": 1, "limit": "memory", "exceeded": {"limit": 1}, "value": "1",
}  # fmt: skip
data = json.dumps(report).encode()
sent = struct.pack("<IBB", 2 + len(data), 19, 2) + data
while sent:
    sent = sent[os.write(3, sent) :]
time.sleep(60)
