"""Opens netlink sockets of each protocol.

tries: configure or watch the kernel: routes, audit, device events, crypto
layers: seccomp
observed: stopped
"""

import errno
import socket

opened, refused = [], set()
for protocol in range(23):
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol):
            opened.append(protocol)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: netlink protocols {opened}" if opened else f"stopped: {sorted(refused)}"
