"""Asks for the machine's ports.

tries: speak to the hardware
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

done = []
if os.uname().machine == "x86_64":
    # Port 0x80 is the one that nothing listens on; the level asked for is taken back.
    if libc.ioperm(ctypes.c_ulong(0x80), ctypes.c_ulong(1), 1) == 0:
        libc.ioperm(ctypes.c_ulong(0x80), ctypes.c_ulong(1), 0)
        done.append("ioperm")
    if libc.iopl(3) == 0:
        libc.iopl(0)
        done.append("iopl")
result = f"escaped: {done}" if done else f"stopped: {errno.errorcode.get(ctypes.get_errno(), 'no ports')}"
