"""Makes calls that kernels of old had.

tries: reach code that nobody tests any more
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

known = {
    "uselib": 134,
    "ustat": 136,
    "sysfs": 139,
    "_sysctl": 156,
    "create_module": 174,
    "get_kernel_syms": 177,
    "query_module": 178,
    "nfsservctl": 180,
    "getpmsg": 181,
    "putpmsg": 182,
    "afs_syscall": 183,
    "tuxcall": 184,
    "security": 185,
    "set_thread_area": 205,
    "get_thread_area": 211,
    "lookup_dcookie": 212,
    "epoll_ctl_old": 214,
    "epoll_wait_old": 215,
    "vserver": 236,
}
reached = []
for name, number in known.items() if os.uname().machine == "x86_64" else ():
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), ctypes.c_long(-1), None, None, None, None, None)
    if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        reached.append(f"{name} {errno.errorcode.get(ctypes.get_errno(), 0)}")
result = f"escaped: the kernel judged {reached}" if reached else "stopped: EPERM or ENOSYS"
