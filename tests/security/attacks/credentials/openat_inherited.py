"""Climbs from every descriptor that it has to /proc and /etc.

tries: reach the host's files from a directory that was left open, around a root that was changed
layers: descriptors, landlock, namespaces
observed: stopped
source: the leaked working directory of runc (2024)
"""

import os

reached, refused = [], set()
for number in range(256):
    for path in ("../../../../../../proc/1/environ", "../../../../../../../../etc/passwd", "etc/passwd"):
        try:
            descriptor = os.open(path, os.O_RDONLY, dir_fd=number)
        except OSError as error:
            refused.add(error.strerror)
            continue
        reached.append(f"{path} from {number}")
        os.close(descriptor)
result = f"escaped: {reached[0]}" if reached else f"stopped: {', '.join(sorted(refused))}"
