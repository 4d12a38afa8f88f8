"""Reads an urgent byte that was never sent.

tries: reach the same part of the kernel's Unix sockets from the reading side
layers: seccomp
observed: stopped
source: CVE-2025-38236, Project Zero
"""

import errno
import socket

one, other = socket.socketpair()
other.setblocking(False)
try:
    other.recv(1, socket.MSG_OOB)
    result = "escaped: something was read"
except OSError as error:
    # EINVAL is the kernel's own word for "no urgent byte".
    reached = error.errno != errno.EPERM
    result = f"{'escaped: the kernel looked for it' if reached else 'stopped'}: {errno.errorcode[error.errno]}"
