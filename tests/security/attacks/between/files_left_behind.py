"""Leaves files wherever it may write, and looks for those of the execution before.

tries: hand data to another tenant's execution, or read what one left
layers: worker_namespaces
observed: stopped
runs: once
host: in_a_row
"""

import contextlib
import os

PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/", os.path.expanduser("~"), os.path.dirname(os.__file__), ".")
NAME = "left-by-an-attack"
left = []
for place in PLACES:
    path = f"{place}/{NAME}"
    if config["turn"] == "first":
        with contextlib.suppress(OSError), open(path, "w") as file:
            file.write("marker")
            left.append(place)
    elif os.path.exists(path):
        left.append(place)
if config["turn"] == "first":
    result = f"left in {left}"
else:
    result = f"escaped: found in {left}" if left else f"stopped: nothing of {config['seen']}"
