"""Ends its first thread and goes on in another.

tries: be a process that looks ended to whoever waits for its leader, and runs
layers: executor
observed: timed_out | killed cpu_time
runs: once
"""

import ctypes
import os
import threading


def spin():
    while True:
        pass


number = {"x86_64": 60, "aarch64": 93}[os.uname().machine]
threading.Thread(target=spin, daemon=True).start()
ctypes.CDLL(None).syscall(ctypes.c_long(number), 0)
result = "escaped: the call returned"
