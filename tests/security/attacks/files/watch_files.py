"""Watches directories of the host with inotify.

tries: see which files other processes open and when
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

IN_OPEN = 0x20
libc = ctypes.CDLL(None, use_errno=True)
watcher = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
if watcher < 0:
    result = f"stopped: inotify_init1: {errno.errorcode[ctypes.get_errno()]}"
else:
    watched = [path for path in (b"/etc", b"/dev/null") if libc.inotify_add_watch(watcher, path, IN_OPEN) > 0]
    result = f"escaped: watches {watched}" if watched else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
    os.close(watcher)
