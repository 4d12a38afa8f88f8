"""Reads the answers to its own calls past the bridge.

tries: see results that are meant for other calls
layers: none
observed: stopped
runs: once
host: application
"""

import os
import struct

for number in (1, 2, 3):
    body = b'{"x":%d}' % number
    os.write(3, struct.pack("<IBIHBII", 16 + len(body), 17, number, 0, 0, 0, 0) + body)
seen = {}
rest = b""
while len(seen) < 3:
    rest += os.read(3, 65536)
    while len(rest) >= 4 and len(rest) >= 4 + (length := int.from_bytes(rest[:4], "little")):
        call_id, status = struct.unpack_from("<IB", rest, 5)
        seen[call_id] = (status, rest[10 : 4 + length])
        rest = rest[4 + length :]
own = {number: (0, b"%d" % number) for number in (1, 2, 3)}
result = "stopped: they are its own" if seen == own else f"escaped: {seen}"
