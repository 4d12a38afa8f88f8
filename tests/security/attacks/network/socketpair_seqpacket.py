"""Makes a pair of Unix sockets for sequenced packets.

tries: get a kind of socket beyond the one that asyncio needs
layers: seccomp
observed: stopped
"""

import errno
import socket

try:
    one, other = socket.socketpair(type=socket.SOCK_SEQPACKET)
    one.send(b"x")
    result = f"escaped: received {other.recv(1)!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
