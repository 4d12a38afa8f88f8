"""Waits in each way that asyncio and threads do.

tries: nothing: these are the calls that programs need, and they reach nobody else
layers: none
observed: stopped
"""

import os
import select
import socket
import threading

one, other = socket.socketpair()
reader, writer = os.pipe()
one.send(b"x")
os.write(writer, b"x")
poll = select.epoll()
poll.register(other, select.EPOLLIN)
poll.register(reader, select.EPOLLIN)
event = threading.Event()
threading.Thread(target=event.set).start()
counter = os.eventfd(3) if hasattr(os, "eventfd") else None
ways = [
    len(poll.poll(1)) == 2,
    bool(select.select([other], [], [], 1)[0]),
    event.wait(5),
    counter is None or os.eventfd_read(counter) == 3,
]
result = f"stopped: within the worker alone, {ways}"
