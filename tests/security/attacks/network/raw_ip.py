"""Opens raw IP sockets.

tries: forge packets of protocols that have no port
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import errno
import socket

opened, refused = [], set()
for family, protocol in (
    (socket.AF_INET, socket.IPPROTO_ICMP),
    (socket.AF_INET, socket.IPPROTO_RAW),
    (socket.AF_INET6, socket.IPPROTO_ICMPV6),
):
    try:
        with socket.socket(family, socket.SOCK_RAW, protocol):
            opened.append((family.name, protocol))
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: raw sockets {opened}" if opened else f"stopped: {sorted(refused)}"
