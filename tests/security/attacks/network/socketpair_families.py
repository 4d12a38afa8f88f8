"""Makes pairs of sockets in other families.

tries: get a network socket through the one call that makes sockets
layers: seccomp
observed: stopped
"""

import errno
import socket

made, refused = [], set()
for family in range(2, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            for end in socket.socketpair(family, kind):
                end.close()
            made.append((family, int(kind)))
        except OSError as error:
            refused.add(errno.errorcode[error.errno])
# The kernel judged the family where it answers that the family cannot do it.
reached = refused & {"EOPNOTSUPP", "EAFNOSUPPORT", "ESOCKTNOSUPPORT", "EPROTONOSUPPORT"}
result = (
    f"escaped: made {made}, the kernel said {sorted(refused)}" if made or reached else f"stopped: {sorted(refused)}"
)
