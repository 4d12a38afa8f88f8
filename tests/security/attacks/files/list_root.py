"""Lists the root directory.

tries: see what is installed and mounted on the host
layers: landlock, namespaces
observed: stopped
"""

import os

try:
    names = set(os.listdir("/"))
    host = sorted(names & {"home", "proc", "sys", "boot", "var", "opt", "mnt", "srv", "run"})
    result = f"escaped: {host}" if host else f"stopped: {sorted(names)}"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
