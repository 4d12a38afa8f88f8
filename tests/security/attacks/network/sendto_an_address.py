"""Sends through a socket that it has, to an address.

tries: use a permitted socket and a permitted call to reach somebody else
layers: seccomp
observed: stopped
"""

import errno
import socket

one, other = socket.socketpair()
try:
    one.sendto(b"x", b"\0codemode-attack-nobody")
    result = "escaped: sent"
except OSError as error:
    # A connected stream refuses an address, but that is the kernel's choice and no filter's.
    reached = error.errno in (errno.EISCONN, errno.EOPNOTSUPP, errno.ECONNREFUSED)
    result = f"{'escaped: the kernel read the address' if reached else 'stopped'}: {errno.errorcode[error.errno]}"
