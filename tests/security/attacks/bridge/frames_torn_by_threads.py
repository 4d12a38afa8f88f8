"""Many threads write frames to one socket without a lock.

tries: tear frames apart so that one ends in the middle of another
layers: executor
observed: killed protocol | killed value | killed output | completed | killed cpu_time
runs: once
host: endures
"""

import os
import struct
import threading

big = struct.pack("<IBB", 2 + 60_000, 18, 1) + b"x" * 60_000


def write():
    for _ in range(40):
        os.write(3, big)


threads = [threading.Thread(target=write) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
result = 1
