"""Records more of the clock than one execution may.

tries: grow the journal that the application keeps
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

clock = bytes(40_000)
for number in (1, 2):
    frame = struct.pack("<IBIHBII", 18 + len(clock), 17, number, 0, 0, 0, len(clock)) + clock + b"{}"
    while frame:
        frame = frame[os.write(3, frame) :]
time.sleep(60)
