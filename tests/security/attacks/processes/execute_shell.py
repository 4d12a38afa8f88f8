"""Executes a shell.

tries: have a shell
layers: seccomp, landlock, namespaces
observed: killed system_call
"""

import errno
import os


def replace():
    os.execve("/bin/sh", ["sh", "-c", "exit 142"], {})


try:
    child = os.fork()
except OSError:
    # Where no process can be made, the worker itself is replaced.
    child = None
if not child:
    try:
        replace()
    except OSError as error:
        if child == 0:
            os._exit(error.errno)
        result = f"stopped: {errno.errorcode[error.errno]}"
else:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result = "escaped: it ran" if status == 142 else f"stopped: {errno.errorcode.get(status, status)}"
