"""Looks for what was left of the host's root when the jail was made.

tries: find the old root where it was parked, or a bind of a whole directory
layers: landlock, namespaces
observed: stopped
"""

import os

found = []
for place in ("/.old", "/old", "/oldroot", "/.pivot_root", "/newroot", "/mnt", "/host"):
    try:
        found += [f"{place}: {name}" for name in os.listdir(place)[:3]]
    except OSError as error:
        refused = error.strerror
result = f"escaped: {found}" if found else f"stopped: {refused}"
