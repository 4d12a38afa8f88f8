"""Closes the socket to the executor and goes on.

tries: live on without a supervisor
layers: executor
observed: killed protocol
runs: once
host: endures
"""

import os

os.close(3)
while True:
    pass
