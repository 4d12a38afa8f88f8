"""Makes the kinds of descriptors that Python does not need.

tries: reach timers, signals and handles as descriptors
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

arm = os.uname().machine == "aarch64"
mask = ctypes.c_uint64(0)
made, refused = [], set()
for name, number, arguments in (
    ("signalfd4", 74 if arm else 289, (-1, ctypes.byref(mask), ctypes.c_size_t(8), 0)),
    ("timerfd_create", 85 if arm else 283, (1, 0)),
    ("pidfd_open", 434, (os.getpid(), 0)),
    ("landlock_create_ruleset", 444, ((ctypes.c_uint64 * 1)(1), ctypes.c_size_t(8), 0)),
):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        made.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: made {made}" if made else f"stopped: {sorted(refused)}"
