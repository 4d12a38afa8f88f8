"""Fills the kernel's buffers of pipes and socket pairs.

tries: hold kernel memory that is not counted as the process's
layers: rlimits, seccomp
observed: stopped
runs: once
host: endures
"""

import os
import socket

held, total = [], 0


def fill(write):
    global total
    try:
        while total < 256 << 20:
            total += write(b"x" * 65536)
    except BlockingIOError:
        pass


try:
    while total < 256 << 20:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        held += [reader, writer]
        fill(lambda data, writer=writer: os.write(writer, data))
        left, right = socket.socketpair()
        left.setblocking(False)
        held += [left, right]
        fill(left.send)
    result = f"escaped: {total >> 20} MiB in kernel buffers"
except OSError as error:
    result = f"stopped: {error.strerror} at {total >> 20} MiB"
