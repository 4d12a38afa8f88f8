"""Calls a second time with the id of a call that was answered.

tries: replay an answer, or have one call counted for two
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

tools.echo(n=1)
os.write(3, struct.pack("<IBIHBII", 18, 17, 1, 0, 0, 0, 0) + b"{}")
time.sleep(60)
