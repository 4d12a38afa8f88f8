"""Starts a process by every function that is not called system.

tries: start a process where os.system and subprocess are forbidden
layers: seccomp, landlock, namespaces
observed: stopped
source: RestrictedPython issue 142 (os.popen); published lists
"""

import contextlib
import os
import pty


def forked():
    child = os.fork()
    if child == 0:
        os._exit(7)
    return os.waitpid(child, 0)[1]


def system(command):
    arguments = ["/bin/sh", "-c", command]
    for way in (
        lambda: os.waitpid(os.posix_spawn("/bin/sh", arguments, {}), 0)[1],
        lambda: os.spawnv(os.P_WAIT, "/bin/sh", arguments) << 8,
        lambda: os.popen(command).close(),
        lambda: pty.spawn(arguments),
    ):
        with contextlib.suppress(OSError):
            if (status := way()) is not None and status >> 8 == 7:
                return status
    return -256


status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
