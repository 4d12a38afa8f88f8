"""Lists the machine's network devices in /sys.

tries: learn interfaces and hardware addresses
layers: landlock, namespaces
observed: stopped
"""

import errno
import os

try:
    result = f"escaped: devices {os.listdir('/sys/class/net')}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
