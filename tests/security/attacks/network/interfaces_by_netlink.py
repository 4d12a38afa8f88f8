"""Lists the network interfaces.

tries: learn how the machine is connected
layers: seccomp
observed: stopped
"""

import errno
import socket

try:
    names = socket.if_nameindex()
    result = f"escaped: interfaces {names}" if names else "stopped: no interface"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
