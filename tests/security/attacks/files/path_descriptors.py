"""Opens a file as a place only, then reads it through that place.

tries: read a file that was opened without rights, since such an opening is not checked
layers: landlock, namespaces
observed: stopped
source: Landlock and permissions are not checked for O_PATH
"""

import os

found, refused = [], set()
for path in ("/etc/passwd", "/etc/hostname"):
    try:
        place = os.open(path, os.O_PATH)
    except OSError as error:
        refused.add(error.strerror)
        continue
    for again in (f"/proc/self/fd/{place}", f"/dev/fd/{place}", f"/proc/thread-self/fd/{place}"):
        try:
            with open(again, "rb") as file:
                found.append(f"{path}: {file.read(8)!r}")
        except OSError as error:
            refused.add(error.strerror)
    try:
        found.append(f"{path}: {os.read(place, 8)!r}")
    except OSError as error:
        refused.add(error.strerror)
    os.close(place)
result = f"escaped: {found[0]}" if found else f"stopped: {', '.join(sorted(refused))}"
