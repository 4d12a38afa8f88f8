"""Looks into its socket for descriptors that are waiting there.

tries: receive a descriptor that the executor sent by mistake
layers: executor, seccomp
observed: stopped
"""

import socket

channel = socket.socket(fileno=3)
try:
    _, ancillary, _, _ = channel.recvmsg(1, 4096, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    result = f"escaped: {len(ancillary)} messages" if ancillary else "stopped: data without descriptors"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
finally:
    channel.detach()
