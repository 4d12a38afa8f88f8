"""Reads where the descriptors of other processes lead.

tries: open the executor's files, sockets and terminals through /proc/<pid>/fd
layers: landlock, namespaces
observed: stopped
"""

import os

found, refused = [], set()
for number in {os.getppid(), *range(1, 64)} - {0, os.getpid()}:
    try:
        for name in os.listdir(f"/proc/{number}/fd")[:4]:
            found.append(f"{number}/{name} -> {os.readlink(f'/proc/{number}/fd/{name}')}")
    except OSError as error:
        refused.add(error.strerror)
    for link in ("exe", "cwd", "root", "ns/user", "fd/0"):
        try:
            found.append(f"{number}/{link} -> {os.readlink(f'/proc/{number}/{link}')}")
        except OSError as error:
            refused.add(error.strerror)
result = f"escaped: {found[:2]}" if found else f"stopped: {', '.join(sorted(refused))}"
