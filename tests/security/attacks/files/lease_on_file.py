"""Takes a lease on a file of the standard library.

tries: hold up every process that opens the file
layers: seccomp
observed: stopped
"""

import fcntl
import os

done, refused = [], set()
with open(os.__file__, "rb") as file:
    for name, command, argument in (
        ("lease", fcntl.F_SETLEASE, fcntl.F_RDLCK),
        ("notify", fcntl.F_NOTIFY, fcntl.DN_ACCESS),
        ("owner", fcntl.F_SETOWN, os.getpid()),
    ):
        try:
            fcntl.fcntl(file, command, argument)
            done.append(name)
        except OSError as error:
            refused.add(error.strerror)
    if "lease" in done:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
result = f"escaped: {done}" if done else f"stopped: {', '.join(sorted(refused))}"
