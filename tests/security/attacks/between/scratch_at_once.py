"""Writes to the scratch directory, keeps the file open, and looks for it from another execution.

tries: share a file while both run
layers: worker_namespaces
observed: stopped
runs: once
host: at_once
"""

import os

NAME = "/tmp/shared-at-once"


def look():
    """What there is, and what may not even be looked at."""
    try:
        return os.listdir("/tmp"), os.stat("/tmp").st_dev
    except OSError as error:
        return [], error.strerror


if config["turn"] == "first":
    try:
        with open(NAME, "w") as file:
            file.write("marker")
            file.flush()
            result = tools.meet(seen=[True, look()[1]])
    except PermissionError:  # There is no scratch directory.
        result = tools.meet(seen=[False, None])
else:
    written, device = config["seen"]
    names, own = look()
    same = written and own == device
    result = f"escaped: {names}, device {same}" if names or same else f"stopped: {own}, nothing of the other's"
