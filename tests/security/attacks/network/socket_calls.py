"""Makes each socket call with arguments that mean nothing.

tries: find a socket call that reaches the kernel; bad arguments are refused there, not by a filter
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
reached = []
none = ctypes.c_void_p(-1)
for name, arguments in {
    "accept": (-1, none, none),
    "accept4": (-1, none, none, 0),
    "bind": (-1, none, 0),
    "connect": (-1, none, 0),
    "listen": (-1, 1),
    "recvmsg": (-1, none, 0),
    "recvmmsg": (-1, none, 1, 0, none),
    "sendmsg": (-1, none, 0),
    "sendmmsg": (-1, none, 1, 0),
    "setsockopt": (-1, 1, 1, none, 4),
    "socket": (-1, -1, -1),
}.items():
    ctypes.set_errno(0)
    getattr(libc, name)(*arguments)
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(f"{name} {errno.errorcode[ctypes.get_errno()]}")
result = f"escaped: the kernel judged {reached}" if reached else "stopped: EPERM from all"
