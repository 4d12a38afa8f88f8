"""Opens the device of the hypervisor's sockets.

tries: learn the machine's number at its hypervisor, and reach it
layers: landlock, namespaces
observed: stopped
"""

import errno
import os

opened, refused = [], set()
for path in ("/dev/vsock", "/dev/vhost-vsock", "/dev/vhost-net", "/dev/ppp", "/dev/rfkill"):
    try:
        os.close(os.open(path, os.O_RDONLY))
        opened.append(path)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: opened {opened}" if opened else f"stopped: {sorted(refused)}"
