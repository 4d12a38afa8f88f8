"""Enters a network namespace by its file.

tries: leave the empty network for the executor's
layers: capabilities, seccomp, namespaces
observed: killed system_call
"""

import ctypes
import errno
import os

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
descriptor = 3
for path in (f"/proc/{os.getppid()}/ns/net", "/proc/1/ns/net", "/proc/self/ns/net"):
    try:
        descriptor = os.open(path, os.O_RDONLY)
        break
    except OSError:
        continue
# Without a file the call itself is tried, with the worker's socket, which is no namespace.
if libc.setns(descriptor, CLONE_NEWNET) == 0:
    result = f"escaped: entered {path}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
