"""Flushes the disk that the interpreter's files are on.

tries: slow down everybody who writes to that disk
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

file = os.open(os.__file__, os.O_RDONLY)
done, refused = [], set()
for name in ("fsync", "fdatasync", "syncfs"):
    # Whoever answers that a descriptor that does not exist is written does not ask the disk.
    pretended = getattr(libc, name)(-1) == 0
    if getattr(libc, name)(file) != 0:
        refused.add(errno.errorcode[ctypes.get_errno()])
    elif pretended:
        refused.add(f"{name} only pretends")
    else:
        done.append(name)
result = f"escaped: {done} on a file of the host" if done else f"stopped: {sorted(refused)}"
