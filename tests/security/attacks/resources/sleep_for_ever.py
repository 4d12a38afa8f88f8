"""Sleeps where no signal of Python's wakes it.

tries: hold a worker without using any limited resource but time
layers: executor
observed: timed_out
runs: once
host: endures
"""

import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
while True:
    time.sleep(3600)
