"""Watches files and directories.

tries: see when others read the interpreter's files
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 300, "aarch64": 262}[os.uname().machine]

inotify = libc.inotify_init1(os.O_CLOEXEC)
watch = libc.inotify_add_watch(inotify, os.__file__.encode(), 0x1) if inotify >= 0 else -1
fanotify = libc.syscall(ctypes.c_long(number), 0x200, 0)
if watch >= 0 or fanotify >= 0:
    result = f"escaped: inotify watch {watch}, fanotify descriptor {fanotify}"
else:
    result = f"stopped: {errno.errorcode[ctypes.get_errno()]}"
