"""Reads through the links of /proc that lead to roots and directories of processes.

tries: reach the root that another process has
layers: landlock, namespaces
observed: stopped
"""

import os

found, refused = [], set()
for number in ("self", "thread-self", "1", str(os.getppid()), "2"):
    for link in ("root/etc/passwd", "cwd/../../../etc/passwd", "task/1/root/etc/passwd", "map_files"):
        try:
            os.close(os.open(f"/proc/{number}/{link}", os.O_RDONLY))
            found.append(f"/proc/{number}/{link}")
        except OSError as error:
            refused.add(error.strerror)
result = f"escaped: {found[:2]}" if found else f"stopped: {', '.join(sorted(refused))}"
