"""Sets timers that send signals.

tries: interrupt the worker's Python from the kernel
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os
import signal

signal.signal(signal.SIGALRM, signal.SIG_IGN)
done, refused = [], set()
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 222, "aarch64": 107}[os.uname().machine]
timer = ctypes.c_int()


def created():
    if libc.syscall(ctypes.c_long(number), 1, None, ctypes.byref(timer)) != 0:
        raise OSError(ctypes.get_errno(), "timer_create")


for name, start in {
    "setitimer": lambda: signal.setitimer(signal.ITIMER_REAL, 60),
    "timer_create": created,
}.items():
    try:
        start()
        done.append(name)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
