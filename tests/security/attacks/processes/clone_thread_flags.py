"""Asks for threads with flags that no thread has.

tries: slip a namespace, a stop for a tracer or a handle into the one kind of clone that is allowed
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

VM, FS, FILES, SIGHAND, THREAD = 0x100, 0x200, 0x400, 0x800, 0x10000
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
reached = []
# Each pair is one that the kernel refuses with EINVAL, so that no thread is made on this one's stack.
for name, flags in {
    "thread in a user namespace": VM | FS | FILES | SIGHAND | THREAD | 0x10000000,
    "thread in a process namespace": VM | FILES | SIGHAND | THREAD | 0x20000000,
    "thread in a mount namespace": VM | FS | FILES | SIGHAND | THREAD | 0x00020000,
    "thread without shared signals": VM | FS | FILES | THREAD,
    "signals without shared memory": SIGHAND,
}.items():
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), ctypes.c_long(flags), None, None, None, None)
    if ctypes.get_errno() != errno.EPERM:
        reached.append(f"{name} {errno.errorcode[ctypes.get_errno()]}")
result = f"escaped: the kernel judged {reached}" if reached else "stopped: EPERM"
