"""Makes a pair of Unix sockets for datagrams.

tries: get a socket that can be addressed to another
layers: seccomp
observed: stopped
"""

import errno
import socket

try:
    one, other = socket.socketpair(type=socket.SOCK_DGRAM)
    one.send(b"x")
    result = f"escaped: received {other.recv(1)!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
