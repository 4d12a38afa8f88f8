"""Runs a shell command.

tries: run a command line
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

status = os.waitstatus_to_exitcode(os.system("exit 42"))
result = "escaped: the shell ended with 42" if status == 42 else f"stopped: no shell ran, status {status}"
