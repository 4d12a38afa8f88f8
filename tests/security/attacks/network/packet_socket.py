"""Opens a packet socket.

tries: read what passes on the wire and write frames of its own
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import errno
import socket

try:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as opened:
        result = f"escaped: a packet socket is descriptor {opened.fileno()}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
