"""Climbs out of every directory that it may read.

tries: reach the host's files by `..` from a granted tree
layers: landlock, namespaces
observed: stopped
"""

import os

up = "../" * 16
starts = [os.path.dirname(os.__file__), "/usr/share/zoneinfo", "/tmp", "/codemode", "/dev", "."]
found, refused = [], set()
for start in starts:
    for target in ("etc/passwd", "proc/self/status"):
        try:
            directory = os.open(start, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            refused.add(error.strerror)
            continue
        try:
            os.close(os.open(up + target, os.O_RDONLY, dir_fd=directory))
            found.append(f"{target} from {start}")
        except OSError as error:
            refused.add(error.strerror)
        os.close(directory)
result = f"escaped: {found[0]}" if found else f"stopped: {', '.join(sorted(refused))}"
