"""Opens the device that makes network interfaces.

tries: make an interface of its own
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import os

try:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    result = f"escaped: /dev/net/tun is descriptor {descriptor}"
    os.close(descriptor)
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
