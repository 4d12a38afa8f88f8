"""Asks its socket for a handle on the process at the other end.

tries: get a pidfd of the executor without knowing its number, across process namespaces
layers: seccomp
observed: stopped
"""

import os
import socket

SO_PEERPIDFD = 77
channel = socket.socket(fileno=3)
try:
    process = channel.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD)
    result = f"escaped: pidfd {process} of the executor"
    os.close(process)
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
finally:
    channel.detach()
