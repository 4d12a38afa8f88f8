"""Starts a process with multiprocessing, method spawn.

tries: have a second process the way that Python programs have one
layers: seccomp, landlock
observed: stopped
"""

import errno
import multiprocessing
import os

# The directory that a process starts in may be gone; a fresh interpreter asks for it.
os.chdir("/")
try:
    process = multiprocessing.get_context("spawn").Process(target=os._exit, args=(42,))
    process.start()
    process.join(50)
    status = process.exitcode
    result = f"escaped: it ended with {status}" if status == 42 else f"stopped: it ended with {status}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
