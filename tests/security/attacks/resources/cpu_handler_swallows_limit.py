"""Handles the signal of the processor limit and goes on.

tries: survive SIGXCPU with a handler, in a loop that catches every exception
layers: rlimits, executor
observed: killed cpu_time | timed_out
runs: once
host: endures
"""

import signal

signal.signal(signal.SIGXCPU, lambda *_: None)
while True:
    try:
        while True:
            pass
    except BaseException:
        continue
