"""Ends with a tag that stands for no type.

tries: have the application import or call what a tag names
layers: executor
observed: killed protocol
runs: once
host: application
"""

import os
import struct
import time

value = b'{"$":["object","os.system"]}'
os.write(3, struct.pack("<IBB", 2 + len(value), 19, 1) + value)
time.sleep(60)
