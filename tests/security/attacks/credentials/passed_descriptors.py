"""Sends itself a descriptor over a socket pair.

tries: exchange descriptors, which the executor's end of the socket would have to handle
layers: seccomp
observed: stopped
"""

import os
import socket

left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    socket.send_fds(left, [b"x"], [0])
    _, descriptors, _, _ = socket.recv_fds(right, 1, 1)
    result = f"escaped: {len(descriptors)} descriptors passed"
    os.close(descriptors[0])
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
