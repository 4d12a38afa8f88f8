"""Asks by the lesser-known calls whether it may signal its parent.

tries: send a signal by a call that a filter of kill() forgot; signal 0 sends none
layers: seccomp, landlock, worker_namespaces
observed: stopped
"""

import ctypes
import errno
import os

arm = os.uname().machine == "aarch64"
libc = ctypes.CDLL(None, use_errno=True)
# Signal 0 is in the second field of what is queued: none is sent.
about = ctypes.create_string_buffer(128)
sent, refused = [], set()
# In a process namespace of its own the worker has no parent, and the first process there is itself.
target = os.getppid()
pidfd = libc.syscall(ctypes.c_long(434), target, 0)
for name, number, arguments in (
    ("tgkill", 131 if arm else 234, (target, target, 0)),
    ("tkill", 130 if arm else 200, (target, 0)),
    ("rt_sigqueueinfo", 138 if arm else 129, (target, 0, about)),
    ("rt_tgsigqueueinfo", 240 if arm else 297, (target, target, 0, about)),
    ("pidfd_send_signal", 424, (pidfd, 0, None, 0)),
):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *arguments) == 0:
        sent.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: may signal {target} by {sent}" if sent else f"stopped: {sorted(refused)}"
