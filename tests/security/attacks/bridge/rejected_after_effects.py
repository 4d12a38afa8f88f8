"""Calls a tool, then reports that it did not compile.

tries: have the application believe that nothing of the program ran
layers: none
observed: rejected
runs: once
host: application
"""

import os
import struct
import time

tools.add(x=1)
report = b'{"type":"SyntaxError","message":"invalid syntax","line":1}'
os.write(3, struct.pack("<IBB", 2 + len(report), 19, 3) + report)
time.sleep(60)
