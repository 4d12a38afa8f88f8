"""Leaves its session and process group.

tries: be missed by whoever ends a group of processes
layers: seccomp
observed: stopped
"""

import errno
import os

done, refused = [], set()
for name, change in (("setsid", os.setsid), ("setpgid", lambda: os.setpgid(0, 0)), ("setpgrp", os.setpgrp)):
    try:
        change()
        done.append(name)
    except OSError as error:
        refused.add(f"{name} {errno.errorcode[error.errno]}")
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
