"""Reads the kernel's log as a file.

tries: read the log where the system call is refused
layers: capabilities, landlock, namespaces
observed: stopped
"""

import os

opened, refused = [], set()
for path in ("/dev/kmsg", "/proc/kmsg"):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        refused.add(error.strerror)
        continue
    opened.append(path)
    os.close(descriptor)
result = f"escaped: {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
