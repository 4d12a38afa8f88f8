"""Reads the memory of an execution that runs at the same time, through /proc and by system calls that only read.

tries: read another tenant's variables
layers: landlock, worker_namespaces
observed: stopped
runs: once
host: at_once
"""

import os

if config["turn"] == "first":
    secret = bytearray(b"secret of the first" * 10)
    result = tools.meet(seen=[os.getpid(), id(secret)])
else:
    pid, address = config["seen"]
    reached = []
    for number in {pid, os.getppid()} - {os.getpid()}:
        for name in ("mem", "maps", "environ", "cmdline", "status"):
            try:
                file = os.open(f"/proc/{number}/{name}", os.O_RDONLY)
                reached.append((number, name))
                os.close(file)
            except OSError:
                continue
    result = f"escaped: opened {reached}" if reached else "stopped: there is nothing to open"
