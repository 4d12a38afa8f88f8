"""Makes a file in memory.

tries: have a file outside all file systems, and outside the limit on memory
layers: seccomp
observed: stopped
"""

import errno
import os

try:
    file = os.memfd_create("attack")
    result = f"escaped: a file in memory is descriptor {file}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
