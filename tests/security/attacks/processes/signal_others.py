"""Asks whether it may signal any process.

tries: kill the executor, the zygote or another worker; signal 0 sends none
layers: seccomp, landlock, worker_namespaces
observed: stopped
"""

import errno
import os

own, sent, refused = os.getpid(), [], set()
for number in {*range(1, 5000), os.getppid()} - {own, 0}:
    try:
        os.kill(number, 0)
        sent.append(number)
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
result = f"escaped: may signal {sent[:8]}" if sent else f"stopped: {sorted(refused)}"
