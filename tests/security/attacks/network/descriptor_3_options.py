"""Sets an option of its channel to the executor.

tries: change the buffers or the credentials that the executor's socket has
layers: seccomp
observed: stopped
"""

import errno
import socket

channel = socket.socket(fileno=3)
done, refused = [], set()
for name in ("SO_PASSCRED", "SO_KEEPALIVE", "SO_PRIORITY"):
    try:
        channel.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 0)
        done.append(name)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
channel.detach()
result = f"escaped: set {done}" if done else f"stopped: {sorted(refused)}"
