"""Reads a shell command's output.

tries: run a command line and read what it says
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import os

try:
    with os.popen("echo 4''2") as pipe:
        said = pipe.read()
    result = f"escaped: the shell said {said!r}" if said else "stopped: the shell said nothing"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
