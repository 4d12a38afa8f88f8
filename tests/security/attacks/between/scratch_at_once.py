"""Writes to the scratch directory, keeps the file open, and looks for it from another execution.

tries: share a file while both run
layers: worker_namespaces
observed: stopped
runs: once
host: at_once
"""

import os

NAME = "/tmp/shared-at-once"
if config["turn"] == "first":
    with open(NAME, "w") as file:
        file.write("marker")
        file.flush()
        result = tools.meet(seen=[os.stat("/tmp").st_dev, os.stat("/tmp").st_ino, os.listdir("/tmp")])
else:
    device, inode, names = config["seen"]
    same = os.stat("/tmp").st_dev == device
    found = os.path.exists(NAME) or os.listdir("/tmp")
    used = os.statvfs("/tmp").f_files - os.statvfs("/tmp").f_ffree
    result = f"escaped: {found}, device {same}" if found or same else f"stopped: {used} inode in use, another device"
