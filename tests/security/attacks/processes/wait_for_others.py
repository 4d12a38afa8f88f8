"""Waits for processes that are not its children.

tries: take the end of a worker from the zygote
layers: seccomp
observed: stopped
"""

import errno
import os

taken, refused = [], set()
for kind, number in ((os.P_ALL, 0), (os.P_PID, os.getppid() or 1), (os.P_PGID, os.getpgrp())):
    try:
        os.waitid(kind, number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        taken.append(int(kind))
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
# ECHILD is the kernel's own answer; it was asked where it should not have been.
reached = taken or "ECHILD" in refused
result = f"{'escaped: the kernel looked' if reached else 'stopped'}: {sorted(refused)}"
