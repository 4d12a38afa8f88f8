"""Runs bytes that it found in a file as machine code.

tries: run instructions that no library has: that can be done, and is worth nothing, since they are in the worker
layers: none
observed: stopped
"""

import ctypes
import errno
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
directory = os.path.dirname(os.__file__)
# "nop; ret".
wanted = {"x86_64": b"\x90\xc3", "aarch64": bytes.fromhex("1f2003d5c0035fd6")}[os.uname().machine]
result = "stopped: the bytes are in no file"
for name in sorted(os.listdir(directory + "/lib-dynload")):
    file = os.open(f"{directory}/lib-dynload/{name}", os.O_RDONLY)
    at = os.pread(file, 1 << 24, 0).find(wanted)
    if at < 0:
        continue
    prot, offset = mmap.PROT_READ | mmap.PROT_EXEC, at // 4096 * 4096
    address = libc.mmap(None, ctypes.c_size_t(8192), prot, mmap.MAP_PRIVATE, file, ctypes.c_long(offset))
    if address == ctypes.c_void_p(-1).value:
        result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
    else:
        ctypes.CFUNCTYPE(None)(address + at % 4096)()
        result = f"stopped: bytes of {name} ran in the worker, which is the worker's own affair"
    break
