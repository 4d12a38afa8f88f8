"""Asks for the size and time of the host's files, without opening them.

tries: learn which files there are, how large they are and when they changed
layers: namespaces
observed: stopped
source: a documented limit of Landlock: it does not restrict stat
"""

import os

found = []
for path in ("/etc/passwd", "/etc/shadow", "/var/log", "/boot", "/proc/version", "/home"):
    try:
        found.append(f"{path}: {os.stat(path).st_size}")
    except OSError as error:
        refused = error.strerror
result = f"escaped: {found[:3]}" if found else f"stopped: {refused}"
