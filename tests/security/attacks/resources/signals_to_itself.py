"""Storms itself with timers and signals.

tries: kill or confuse the worker, and processes beside it, by signals
layers: seccomp
observed: stopped
runs: once
host: endures
"""

import ctypes
import os
import signal
import threading

libc = ctypes.CDLL(None, use_errno=True)
got = []
signal.signal(signal.SIGUSR1, lambda *_: got.append("signal"))
tries = {
    "setitimer": lambda: signal.setitimer(signal.ITIMER_REAL, 1000),
    "alarm": lambda: signal.alarm(1000) or libc.alarm(1000) or os.strerror(ctypes.get_errno()),
    "kill": lambda: os.kill(os.getpid(), signal.SIGUSR1),
    "raise": lambda: signal.raise_signal(signal.SIGUSR1),
    "thread": lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR1),
    "timer_create": lambda: libc.timer_create(0, None, ctypes.byref(ctypes.c_void_p())) == 0 and got.append("timer"),
}
for attempt in tries.values():
    try:
        attempt()
    except OSError:
        continue
result = f"escaped: {got}" if got else "stopped: no signal was sent and no timer was made"
