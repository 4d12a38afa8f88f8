"""Sends itself a signal.

tries: nothing that it could not do otherwise: the call is closed for all targets alike
layers: seccomp
observed: stopped
"""

import errno
import os
import signal

signal.signal(signal.SIGUSR1, signal.SIG_IGN)
try:
    os.kill(os.getpid(), signal.SIGUSR1)
    result = "escaped: a signal was sent, to itself"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
