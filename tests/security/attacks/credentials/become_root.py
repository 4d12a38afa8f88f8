"""Becomes user 0.

tries: own root's files and processes
layers: seccomp, namespaces
observed: stopped
"""

import os

try:
    os.setresuid(0, 0, 0)
    os.setresgid(0, 0, 0)
    result = f"escaped: user {os.getuid()}, group {os.getgid()}"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}, user {os.getuid()}"
