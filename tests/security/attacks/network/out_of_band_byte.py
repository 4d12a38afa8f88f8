"""Sends an urgent byte through a pair of Unix sockets.

tries: reach a rarely used part of the kernel's Unix sockets that has been an escape from a browser's sandbox
layers: seccomp
observed: stopped
source: CVE-2025-38236, Project Zero
"""

import errno
import socket

one, other = socket.socketpair()
other.setblocking(False)
try:
    one.send(b"x", socket.MSG_OOB)
    result = f"escaped: received the urgent byte {other.recv(1, socket.MSG_OOB)!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
