"""Opens descriptors of each kind until it is refused.

tries: use up the executor's or the system's table of open files
layers: rlimits
observed: stopped
runs: once
host: endures
"""

import os
import select
import socket

makers = {
    "open": lambda: [os.open("/dev/null", os.O_RDONLY)],
    "dup": lambda: [os.dup(0)],
    "pipe": lambda: list(os.pipe()),
    "epoll": lambda: [select.epoll()],
    "pair": lambda: list(socket.socketpair()),
    "event": lambda: [os.eventfd(0)] if hasattr(os, "eventfd") else [os.dup(1)],
}
most = 0
for make in makers.values():
    held = []
    try:
        while len(held) < 5000:
            held += make()
    except OSError:
        most = max(most, len(held))
    else:
        result = f"escaped: {len(held)} descriptors"
        break
    for each in held:
        os.close(each) if isinstance(each, int) else each.close()
else:
    result = f"stopped: at most {most} at once"
