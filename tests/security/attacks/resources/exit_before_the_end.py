"""Ends the process with status 0 before the runner reports.

tries: make an execution look successful that was not
layers: executor
observed: killed crash
runs: once
host: endures
"""

import os

print('{"result": "forged"}')
os._exit(0)
