"""Connects over TCP on the loopback interface, with IPv6.

tries: reach services of this machine past a filter that knows IPv4 alone
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import socket

try:
    with socket.socket(socket.AF_INET6) as listener, socket.socket(socket.AF_INET6) as client:
        listener.bind(("::1", 0))
        listener.listen()
        client.settimeout(20)
        client.connect(listener.getsockname())
        result = f"escaped: connected to {client.getpeername()[:2]}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
