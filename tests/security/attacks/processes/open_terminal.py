"""Opens a pseudo-terminal.

tries: have a terminal, whose driver has many commands
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import os

try:
    one, other = os.openpty()
    result = f"escaped: terminal {os.ttyname(other)} is descriptor {other}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
