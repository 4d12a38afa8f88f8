"""Sets an extended attribute.

tries: leave marks, or capabilities, on files
layers: seccomp
observed: stopped
"""

import errno
import os
import tempfile

try:
    with tempfile.NamedTemporaryFile() as file:
        os.setxattr(file.name, "user.codemode", b"x")
        result = f"escaped: the file has {os.listxattr(file.name)}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
