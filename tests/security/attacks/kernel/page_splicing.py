"""Moves pages between a pipe and memory.

tries: reach the code by which read-only files have been overwritten
layers: seccomp
observed: stopped
source: CVE-2022-0847, Dirty Pipe
"""

import ctypes
import errno
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)


vmsplice, splice, tee = {"x86_64": (278, 275, 276), "aarch64": (75, 76, 77)}[os.uname().machine]
reader, writer = os.pipe()
data = ctypes.create_string_buffer(b"x", 1)
vector = struct.pack("PQ", ctypes.addressof(data), 1)
done, refused = [], set()
for name, number, arguments in (
    ("vmsplice", vmsplice, (writer, vector, ctypes.c_ulong(1), 0)),
    ("splice", splice, (os.open(os.__file__, os.O_RDONLY), None, writer, None, ctypes.c_size_t(1), 0)),
    ("tee", tee, (reader, os.pipe()[1], ctypes.c_size_t(1), 0)),
):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        done.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
