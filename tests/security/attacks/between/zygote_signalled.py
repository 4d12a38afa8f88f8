"""Sends signal 0 to its parent and to every small process number.

tries: reach the zygote or another worker by number
layers: seccomp, landlock, worker_namespaces
observed: stopped
runs: once
host: at_once
"""

import os

if config["turn"] == "first":
    result = tools.meet(seen=[os.getpid(), os.getppid()])
else:
    own = {os.getpid(), 0}
    reached = []
    for number in {*config["seen"], os.getppid(), *range(1, 400)} - own:
        try:
            os.kill(number, 0)
            reached.append(number)
        except OSError:
            continue
    result = f"escaped: {reached[:5]} can be signalled" if reached else "stopped: no process but its own"
