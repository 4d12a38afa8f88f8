"""Opens terminals.

tries: read what an operator types, or type for him
layers: landlock, namespaces
observed: stopped
"""

import os

refused, opened = set(), []
for path in ("/dev/tty", "/dev/ptmx", "/dev/pts/ptmx", "/dev/pts/0", "/dev/console", "/dev/ttyS0", "/dev/tty0"):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        opened.append(path)
        os.close(descriptor)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
