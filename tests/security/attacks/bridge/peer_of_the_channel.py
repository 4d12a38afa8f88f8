"""Asks the socket who is at its other end, and tries to pass descriptors over it.

tries: learn the executor's process, or get a descriptor of it
layers: seccomp
observed: stopped
runs: once
host: application
"""

import array
import socket
import struct

channel = socket.socket(fileno=3)
got = []
for option in (socket.SO_PEERCRED, 31, 59, 77):  # also SO_PEERSEC, SO_PEERGROUPS, SO_PEERPIDFD
    try:
        got.append(channel.getsockopt(socket.SOL_SOCKET, option, 64))
    except OSError:
        continue
descriptors = array.array("i", [0])
for attempt in (
    lambda: channel.sendmsg([struct.pack("<IB", 1, 99)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]),
    lambda: channel.recvmsg(1, 64, socket.MSG_DONTWAIT),
    lambda: channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1),
):
    try:
        got.append(attempt())
    except OSError:
        continue
channel.detach()
result = f"escaped: {got}" if got else "stopped: nothing is told, nothing is passed"
