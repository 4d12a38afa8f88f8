"""Sets on which memory nodes its pages are.

tries: learn and change how the machine's memory is arranged
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

arm = os.uname().machine == "aarch64"
mode, nodes = ctypes.c_int(), (ctypes.c_ulong * 16)()
done = []
if libc.syscall(ctypes.c_long(236 if arm else 239), ctypes.byref(mode), nodes, ctypes.c_ulong(1024), None, 4) == 0:
    done.append(f"nodes {nodes[0]:#x}")
if libc.syscall(ctypes.c_long(237 if arm else 238), 0, None, ctypes.c_ulong(0)) == 0:
    done.append("set to the default")
result = f"escaped: {done}" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
