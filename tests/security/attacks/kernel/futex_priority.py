"""Uses futexes that lend their priority.

tries: reach the part of the kernel's locks that has been an escape from phones
layers: seccomp
observed: stopped
source: CVE-2014-3153, towelroot
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 202, "aarch64": 98}[os.uname().machine]

PRIVATE, LOCK_PI, UNLOCK_PI, TRYLOCK_PI = 128, 6, 7, 8
CMP_REQUEUE_PI = 12
words = (ctypes.c_uint32 * 4)()
first, second = ctypes.addressof(words), ctypes.addressof(words) + 4
done, refused = [], set()
for name, operation, value in (
    ("lock", LOCK_PI, 0),
    ("unlock", UNLOCK_PI, 0),
    ("try", TRYLOCK_PI, 0),
    ("requeue", CMP_REQUEUE_PI, 1),
):
    ctypes.set_errno(0)
    arguments = (ctypes.c_void_p(first), operation | PRIVATE, value, None, ctypes.c_void_p(second), 0)
    if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        done.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
