"""Announces a frame of the largest length there is, which is also the number -1.

tries: make the executor allocate what the length says
layers: executor
observed: killed value
runs: once
host: endures
"""

import os
import time

os.write(3, b"\xff\xff\xff\xff\x12" + b"x" * 1000)
time.sleep(60)
