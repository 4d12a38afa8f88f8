"""Sends tool arguments that are no encoded dict.

tries: crash the application's decoder, or pass positional arguments
layers: executor
observed: stopped
runs: once
host: application
"""

import os
import struct

bodies = [
    b"", b"no json", b"\xff\xfe", b"[1]", b"1", b"null", b'{"x":NaN}', b'{"x":1}x', b'{"$":["nothing",1]}',
    b'{"$":["dict",[[1,2]]]}', b'{"$":["dict",[[{"$":["tuple",[]]},2]]]}', b"[" * 100_000, b'{"x":' * 5000,
    b'{"x":{"$":["date","9999-99-99"]}}', b'{"x":{"$":["timedelta",[99999999999,0,0]]}}',
    b'{"x":' + b"9" * 200_000 + b"}",
    b'{"x":"\\ud800"}', b'{"__class__":1}', b'{"x":{"$":["uuid","x"]}}', b'{"x":{"$":["bytes","!"]}}', b'{"x":1e999}',
]  # fmt: skip
answers = []
for number, body in enumerate(bodies, 1):
    os.write(3, struct.pack("<IBIHBII", 16 + len(body), 17, number, 0, 0, 0, 0) + body)
    length = int.from_bytes(os.read(3, 4), "little")
    answer = b""
    while len(answer) < length:
        answer += os.read(3, length - len(answer))
    answers.append((answer[5], answer[6:]))
good = [body for status, body in answers if status == 0]
told = b"".join(body for _, body in answers)
leaks = b"/work" in told or b"Traceback" in told
result = f"escaped: {good} {leaks}" if good or leaks else f"stopped: {len(answers)} failures"
