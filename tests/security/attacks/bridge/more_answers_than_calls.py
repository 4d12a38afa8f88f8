"""Says that it received four billion answers.

tries: have the executor reserve memory for a number that the program chose
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os
import struct
import time

os.write(3, struct.pack("<IBIHBII", 18, 17, 1, 0, 0, 0xFFFFFFFF, 0) + b"{}")
time.sleep(60)
