"""Passes arguments above the limit for one value, by the API and by a frame of its own.

tries: make executor and application hold more than they allow
layers: executor
observed: killed value
runs: once
host: endures
"""

import os
import struct

try:
    tools.echo(text="x" * (2 << 20))
    result = "escaped: two mebibytes were passed"
except ValueError:
    payload = struct.pack("<IHBII", 1, 0, 0, 0, 0) + b'{"text":"%s"}' % (b"x" * (2 << 20))
    sent = struct.pack("<IB", len(payload) + 1, 17) + payload
    while sent:
        sent = sent[os.write(3, sent) :]
    while True:
        pass
