"""Opens the host's devices.

tries: read disks, start virtual machines, make network interfaces, use drivers of the kernel
layers: landlock, namespaces
observed: stopped
"""

import os

refused, opened = set(), []
for path in "/dev/vda /dev/sda /dev/kvm /dev/net/tun /dev/fuse /dev/full /dev/zero /dev/random /dev/vsock".split():
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        opened.append(path)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
