"""Asks to be told of every access to a file system.

tries: watch, and hold up, what all processes open
layers: seccomp
observed: stopped
"""

import ctypes
import errno
import os

FAN_CLASS_CONTENT, FAN_CLASS_NOTIF, FAN_REPORT_FID = 4, 0, 0x200
libc = ctypes.CDLL(None, use_errno=True)
opened, refused = [], set()
for kind in (FAN_CLASS_CONTENT, FAN_CLASS_NOTIF, FAN_CLASS_NOTIF | FAN_REPORT_FID):
    group = libc.fanotify_init(kind, os.O_RDONLY)
    if group >= 0:
        opened.append(kind)
        os.close(group)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: groups of kind {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
