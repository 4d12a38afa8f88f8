"""Writes bytes that are no UTF-8, cut within characters, with control codes.

tries: break the application's decoder, or its user's terminal library
layers: none
observed: stopped
runs: once
host: application
"""

import sys

for data in (b"\xff\xfe", b"\xe2\x82", b"\xac", b"\x00" * 100, b"\x1b]0;title\x07", b"\xed\xa0\x80", bytes(range(256))):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(data)
result = "stopped: it is output"
