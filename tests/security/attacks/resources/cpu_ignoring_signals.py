"""Spins with every signal ignored and blocked.

tries: go on after the limit of processor time told it to stop
layers: rlimits, executor
observed: killed cpu_time | timed_out
runs: once
host: endures
"""

import signal

for number in range(1, signal.NSIG):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
while True:
    pass
