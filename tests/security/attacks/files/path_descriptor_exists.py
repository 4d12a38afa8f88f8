"""Opens files of the host as places, without reading them.

tries: learn which files there are; hold a place on the host for later
layers: namespaces
observed: stopped
source: Landlock does not check O_PATH
"""

import os

found, refused = [], set()
for path in ("/etc/shadow", "/proc/self/exe", "/var/log", "/home"):
    try:
        place = os.open(path, os.O_PATH)
        found.append(f"{path}: inode {os.fstat(place).st_ino}")
        os.close(place)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found[:2]}" if found else f"stopped: {', '.join(sorted(refused))}"
