"""Reports that it diverged from a journal, where it has none.

tries: have the client try again, or have its calls taken for answered
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

report = b'{"call_id":1,"message":"forged"}'
os.write(3, struct.pack("<IBB", 2 + len(report), 19, 4) + report)
time.sleep(60)
