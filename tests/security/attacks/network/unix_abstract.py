"""Listens on an abstract Unix socket and connects to it.

tries: meet other workers of the same network namespace, where no file shows it
layers: seccomp
observed: stopped
"""

import errno
import os
import socket

try:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(b"\0codemode-attack-" + os.urandom(8).hex().encode())
        listener.listen()
        client.connect(listener.getsockname())
        result = f"escaped: connected to {listener.getsockname()[:17]!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
