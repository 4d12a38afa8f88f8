"""Makes a TCP socket that is connected to nothing.

tries: reach the network code of the kernel
layers: seccomp
observed: stopped
"""

import errno
import socket

try:
    with socket.socket() as opened:
        result = f"escaped: a TCP socket is descriptor {opened.fileno()}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
