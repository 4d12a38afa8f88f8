"""Gives its own channel to the executor a name.

tries: turn the inherited socket into one that others can reach
layers: seccomp
observed: stopped
"""

import errno
import os
import socket

channel = socket.socket(fileno=3)
try:
    channel.bind(b"\0codemode-attack-" + os.urandom(8).hex().encode())
    result = f"escaped: descriptor 3 is now {channel.getsockname()[:17]!r}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
finally:
    channel.detach()
