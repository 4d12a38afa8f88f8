"""Reads and writes extended attributes.

tries: hide data on files, or give a file capabilities
layers: seccomp
observed: stopped
"""

import os
import tempfile

done, refused = [], set()
try:
    os.getxattr(os.__file__, "security.capability")
    done.append("read")
except OSError as error:
    refused.add(error.strerror)
    # The kernel looked, and there was none.
    if error.errno == 61:
        done.append("looked")
try:
    with tempfile.NamedTemporaryFile() as file:
        os.setxattr(file.name, "user.attack", b"x")
        done.append("written")
except OSError as error:
    refused.add(error.strerror)
result = f"escaped: {done}" if done else f"stopped: {', '.join(sorted(refused))}"
