"""Forks with a terminal.

tries: have a process at a terminal of its own
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import os
import pty

try:
    child, _ = pty.fork()
except OSError as error:
    # Without a terminal there is an error without a number.
    result = f"stopped: {errno.errorcode.get(error.errno, error)}"
else:
    if child == 0:
        os._exit(42)
    _, status = os.waitpid(child, 0)
    result = f"escaped: process {child} ran and ended with {os.waitstatus_to_exitcode(status)}"
