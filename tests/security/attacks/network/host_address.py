"""Asks the routing table which address would be used.

tries: learn the machine's address; a UDP connect sends nothing
layers: seccomp, namespaces
observed: stopped
"""

import errno
import socket

# An address for documentation, and the loopback where no route leads outside.
found = []
for target in ("192.0.2.1", "127.0.0.1"):
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as prober:
            prober.connect((target, 53))
            found.append(prober.getsockname()[0])
    except OSError as error:
        refused = errno.errorcode[error.errno]
result = f"escaped: own addresses {found}" if found else f"stopped: {refused}"
