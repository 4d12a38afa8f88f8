"""Puts a packet filter on its channel to the executor.

tries: run a program of its own in the kernel; the one tried is empty, which the kernel refuses
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import socket

SO_ATTACH_FILTER, SO_ATTACH_BPF = 26, 50
libc = ctypes.CDLL(None, use_errno=True)
empty = ctypes.create_string_buffer(16)
reached = []
for option in (SO_ATTACH_FILTER, SO_ATTACH_BPF):
    ctypes.set_errno(0)
    libc.setsockopt(3, socket.SOL_SOCKET, option, empty, 16 if option == SO_ATTACH_FILTER else 1)
    if ctypes.get_errno() != errno.EPERM:
        reached.append(f"{option} {errno.errorcode[ctypes.get_errno()]}")
result = f"escaped: the kernel read the filter: {reached}" if reached else "stopped: EPERM"
