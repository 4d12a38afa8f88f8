"""Makes a socket in each address family there is.

tries: find one family that a filter forgot: bluetooth, can, rds, tipc, smc, key, xdp and the rest
layers: seccomp
observed: stopped
"""

import errno
import socket

made, refused = set(), set()
for family in range(1, 47):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_RDM, socket.SOCK_SEQPACKET):
        for protocol in (0, 1, 2):
            try:
                socket.socket(family, kind, protocol).close()
                made.add(family)
            except OSError as error:
                refused.add(errno.errorcode[error.errno])
result = f"escaped: families {sorted(made)}" if made else f"stopped: {sorted(refused)}"
