"""Makes shared memory, semaphores and queues by name and number, and looks for them from another execution.

tries: exchange data through objects of the kernel that no file system shows
layers: seccomp, namespaces
observed: stopped
runs: once
host: at_once
"""

import ctypes
import os
import platform

KEY = 0x0C0DE
libc = ctypes.CDLL(None, use_errno=True)
shmget, semget, msgget = (29, 64, 68) if platform.machine() == "x86_64" else (194, 190, 186)
create = 0o1600 if config["turn"] == "first" else 0
found = [
    name
    for name, number, size in (("shm", shmget, 4096), ("sem", semget, 1))
    if libc.syscall(number, KEY, size, create) >= 0
]
if libc.syscall(msgget, KEY, create) >= 0:
    found.append("msg")
for name in ("/dev/shm/between", "/dev/mqueue/between"):
    try:
        os.close(os.open(name, os.O_RDWR | (os.O_CREAT if create else 0), 0o600))
        found.append(name)
    except OSError:
        continue
if config["turn"] == "first":
    result = tools.meet(seen=found)
else:
    result = f"escaped: {found}" if found else f"stopped: the other has made {config['seen']}"
