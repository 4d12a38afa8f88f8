"""Connects over TCP on the loopback interface.

tries: reach services that listen on this machine alone
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import socket

try:
    with socket.socket() as listener, socket.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.settimeout(20)
        client.connect(listener.getsockname())
        result = f"escaped: connected to {client.getpeername()}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
