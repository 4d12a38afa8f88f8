"""Begins again with records of the clock that are garbage, too long or of another kind, from several threads.

tries: make the worker's native code read or write past its memory
layers: none
observed: completed
"""

import datetime
import random
import sys
import threading
import time

determinism = sys.modules["codemode_worker.determinism"]
noise = random.Random(1)


def read():
    for _ in range(300):
        time.time(), time.monotonic(), time.process_time(), datetime.datetime.now()


threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for size in [*range(60), 65_535, 65_536, 65_537, 1_000_000]:
    for record in (noise.randbytes(size), b"\x80" * size, b"\xff" * size, bytes(size)):
        determinism.begin(f"{size:064x}", record)
        read_back, _ = determinism.take_clock()
        assert len(read_back) <= 65_536
for wrong in (None, "text", 5, bytearray(8), memoryview(b"")):
    try:
        determinism.begin("00" * 32, wrong)
    except TypeError:
        continue
    raise AssertionError(wrong)
for thread in threads:
    thread.join()
result = time.time()
