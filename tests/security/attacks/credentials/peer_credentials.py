"""Asks its socket who is at the other end.

tries: learn the executor's process and user number, to aim at it
layers: seccomp, namespaces
observed: stopped
"""

import socket
import struct

channel = socket.socket(fileno=3)
try:
    pid, uid, gid = struct.unpack("3i", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    # Process 0 is one that this namespace has no number for.
    result = f"escaped: process {pid}, user {uid}, group {gid}" if pid else "stopped: the process has no number here"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
finally:
    channel.detach()
