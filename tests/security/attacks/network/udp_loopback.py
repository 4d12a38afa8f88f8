"""Sends a datagram over the loopback interface.

tries: use UDP, which Landlock does not know
layers: seccomp, namespaces
observed: stopped
"""

import errno
import socket

try:
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        sender.sendto(b"x", receiver.getsockname())
        result = f"escaped: received {receiver.recv(1)!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
