"""Puts a socket of its own in the channel's place and keeps the channel.

tries: stand between the runner and the executor
layers: none
observed: stopped
runs: once
host: application
"""

import os
import socket
import threading

kept = os.dup(3)
inner, outer = socket.socketpair()
os.dup2(inner.fileno(), 3)
seen = []


def relay(read, write):
    while data := read(65536):
        seen.append(len(data))
        write(data)


threading.Thread(target=relay, args=(outer.recv, lambda data: os.write(kept, data)), daemon=True).start()
threading.Thread(target=relay, args=(lambda size: os.read(kept, size), outer.sendall), daemon=True).start()
answer = tools.add(x=40, y=2)
os.dup2(kept, 3)
result = f"stopped: it saw {len(seen)} pieces of its own calls" if answer == 42 else f"escaped: {answer}"
