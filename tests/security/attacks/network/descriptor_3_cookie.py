"""Asks its channel for marks of the executor's network.

tries: tell machines and network namespaces apart by numbers that only the kernel should know
layers: seccomp
observed: stopped
"""

import errno
import socket

SO_COOKIE, SO_NETNS_COOKIE = 57, 71
channel = socket.socket(fileno=3)
told, refused = [], set()
for option in (SO_COOKIE, SO_NETNS_COOKIE):
    try:
        told.append(channel.getsockopt(socket.SOL_SOCKET, option, 8).hex())
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
channel.detach()
result = f"escaped: cookies {told}" if told else f"stopped: {sorted(refused)}"
