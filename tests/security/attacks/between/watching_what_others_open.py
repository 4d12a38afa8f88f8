"""Watches the standard library's directories for what another execution opens.

tries: learn what another tenant's program imports
layers: seccomp
observed: stopped
runs: once
host: at_once
"""

import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
inotify_init1, fanotify_init = (294, 300) if platform.machine() == "x86_64" else (26, 262)
if config["turn"] == "first":
    watcher = libc.syscall(inotify_init1, os.O_NONBLOCK)
    watching = watcher >= 0 and libc.inotify_add_watch(watcher, os.path.dirname(os.__file__).encode(), 0x20) >= 0
    group = libc.syscall(fanotify_init, 0, 0)
    tools.meet(seen=watching)
    try:
        events = os.read(watcher, 4096) if watching else b""
    except BlockingIOError:
        events = b""
    result = f"escaped: {len(events)} bytes of events" if events or group >= 0 else "stopped: nothing can be watched"
else:
    import this  # noqa: F401

    os.close(os.open(os.path.dirname(os.__file__) + "/this.py", os.O_RDONLY))
    result = "stopped: it opened a file"
