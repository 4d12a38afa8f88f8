"""Locks a file of the standard library in one execution, and asks for the lock in another.

tries: hold up another execution, or tell it something, by locks on files that all workers read
layers: seccomp
observed: stopped
runs: once
host: at_once
"""

import fcntl
import os
import struct

KINDS = {
    "flock": (lambda file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    "lockf": (lambda file: fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)),
}
file = os.open(os.__file__, os.O_RDONLY)
if config["turn"] == "first":
    taken = []
    for name, take in KINDS.items():
        try:
            take(file)
            taken.append(name)
        except OSError:
            continue
    result = tools.meet(seen=taken)
else:
    seen = []
    try:
        KINDS["flock"](file)
    except BlockingIOError:
        seen.append("flock")
    except OSError:
        pass
    try:
        asked = fcntl.fcntl(file, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        if struct.unpack("hhqqi4x", asked)[0] != fcntl.F_UNLCK:
            seen.append("lockf")
    except OSError:
        pass
    result = f"escaped: it sees the other's {seen}" if seen else f"stopped: the other took {config['seen']}"
