"""Attaches System V shared memory as executable.

tries: have memory that is written through one mapping and run through another
layers: seccomp
observed: stopped
"""

import ctypes
import errno

IPC_PRIVATE, IPC_RMID, SHM_EXEC = 0, 0, 0o100000
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(IPC_PRIVATE, ctypes.c_size_t(4096), 0o600)
if segment < 0:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
else:
    address = libc.shmat(segment, None, SHM_EXEC)
    refused = ctypes.get_errno()
    libc.shmctl(segment, IPC_RMID, None)
    if address == ctypes.c_void_p(-1).value:
        result = f"stopped: {errno.errorcode[refused]}"
    else:
        result = f"escaped: executable shared memory at {address:#x}"
