"""Listens on a socket file in its own directory and connects to it.

tries: make a meeting place in the file system
layers: seccomp, landlock
observed: stopped
"""

import errno
import os
import socket
import tempfile

try:
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(directory, "meet"))
        listener.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(listener.getsockname())
            result = "escaped: connected through a socket file"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
