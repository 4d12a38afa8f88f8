"""Makes each system call that it should not have.

tries: find one that the filter lets through
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

# By number on x86-64. All arguments are -1, which is no descriptor, address or process. Left out: the allowed, those
# that end the worker, which have programs of their own, and those that would do something with such arguments.
NUMBERS = (
    "27 29-31 36 38 41-43 46-47 49-50 54 64-66 69-71 73 78 85 92-94 99 105-106 109 113-114 116-117 119 "
    "122-123 125-126 132-134 136 139-151 154 156 158-160 172-174 177-178 180-185 187-193 197-199 203 "
    "205-216 220 222-226 235-245 251-252 254-256 259-261 274-279 282-284 286-289 294 299-301 305-307 "
    "314-315 319-320 324-325 327-331 333 424 434 437 441 443-446 448-449 "
)
reached = []
for part in NUMBERS.split() if os.uname().machine == "x86_64" else ():
    first, _, last = part.partition("-")
    for number in range(int(first), int(last or first) + 1):
        ctypes.set_errno(0)
        libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            reached.append(f"{number} {errno.errorcode.get(ctypes.get_errno(), 'done')}")
result = f"escaped: the kernel judged {len(reached)}: {reached[:6]}" if reached else "stopped: EPERM from each"
