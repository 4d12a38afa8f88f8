"""Makes system calls through the page of old.

tries: make calls from an address that the kernel emulates
layers: none
observed: stopped | killed crash
"""

import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)


# time(), the second of the three calls of that page; all three tell only the time and the processor.
if os.uname().machine == "x86_64":
    now = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(0xFFFFFFFFFF600400)(None)
    result = f"stopped: it told the time, {abs(now - time.time()) < 5}"
else:
    result = "stopped: there is no such page"
