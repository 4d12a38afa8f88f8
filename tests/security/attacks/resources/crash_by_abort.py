"""Aborts.

tries: end the worker with a core dump on the executor's disk
layers: rlimits, executor
observed: killed crash
runs: once
host: endures
"""

import os

os.abort()
