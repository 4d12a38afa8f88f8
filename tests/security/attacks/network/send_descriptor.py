"""Passes a descriptor through a socket.

tries: hand open files around, or fill the executor's table with them
layers: seccomp
observed: stopped
"""

import errno
import socket

one, other = socket.socketpair()
try:
    socket.send_fds(one, [b"x"], [0])
    _, descriptors, _, _ = socket.recv_fds(other, 1, 1)
    result = f"escaped: received descriptor {descriptors}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
