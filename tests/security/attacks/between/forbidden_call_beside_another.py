"""Makes a system call that ends its worker, while another execution of the same zygote runs.

tries: take other executions down with it
layers: seccomp
observed: killed system_call
runs: once
host: at_once
"""

import ctypes
import platform

if config["turn"] == "first":
    result = f"stopped: the other is {tools.meet(seen=1)}"
else:
    # kcmp of a process with itself reads nothing.
    ctypes.CDLL(None).syscall(312 if platform.machine() == "x86_64" else 272, 0, 0, 0, 0, 0)
    result = "escaped: the call came back"
