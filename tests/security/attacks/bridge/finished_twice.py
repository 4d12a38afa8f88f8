"""Reports two ends that contradict each other.

tries: be recorded with one end and billed with another
layers: executor
observed: stopped
runs: once
host: endures
"""

import os
import struct
import time

report = b'{"type":"E","message":"m"}'
value = b'"stopped: the first end counts"'
os.write(3, struct.pack("<IBB", 2 + len(value), 19, 1) + value + struct.pack("<IBB", 2 + len(report), 19, 2) + report)
time.sleep(60)
