"""Opens a socket to the machine's hypervisor.

tries: reach the host of a microVM: network namespaces do not divide this family
layers: seccomp
observed: stopped
"""

import errno
import socket

try:
    with socket.socket(getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM) as opened:
        result = f"escaped: a socket to the hypervisor is descriptor {opened.fileno()}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
