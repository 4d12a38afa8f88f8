"""Locks memory so that it can never be paged out.

tries: take physical memory from every other process
layers: rlimits, seccomp
observed: stopped
runs: once
host: endures
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(4 << 20)
got = []
for name, call in {"mlock": lambda: libc.mlock(block, len(block)), "mlockall": lambda: libc.mlockall(3)}.items():
    if call() == 0:
        got.append(name)
error = errno.errorcode.get(ctypes.get_errno())
result = f"escaped: {got}" if got else f"stopped: {error}"
