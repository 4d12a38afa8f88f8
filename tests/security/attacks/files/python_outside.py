"""Reads the Python packages of the host beside its own interpreter.

tries: read code and data of other applications on the host
layers: landlock, namespaces
observed: stopped
"""

import os
import sys

own = {os.path.realpath(os.path.dirname(os.__file__)), os.path.realpath(sys.prefix)}
found, refused = [], set()
for place in ("/usr/lib/python3/dist-packages", "/usr/local/lib", "/opt", "/usr/share/doc", "/usr/bin"):
    if any(place.startswith(tree) for tree in own):
        continue
    try:
        found.append(f"{place}: {len(os.listdir(place))} entries")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found}" if found else f"stopped: {', '.join(sorted(refused))}"
