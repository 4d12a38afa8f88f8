"""Forks.

tries: have a second process, the first step of a fork bomb
layers: seccomp
observed: stopped
"""

import errno
import os

try:
    child = os.fork()
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
else:
    if child == 0:
        os._exit(42)
    _, status = os.waitpid(child, 0)
    result = f"escaped: process {child} ran and ended with {os.waitstatus_to_exitcode(status)}"
