"""Makes device nodes and pipes with a name.

tries: make a device of its own where the host's are hidden, or a pipe to meet another execution at
layers: seccomp, landlock
observed: stopped
"""

import os
import stat

refused, made = set(), []
nodes = {"null": (stat.S_IFCHR, (1, 3)), "disk": (stat.S_IFBLK, (254, 0)), "pipe": (stat.S_IFIFO, (0, 0))}
for place in ("/tmp", "/var/tmp", "/dev/shm"):
    for name, (kind, number) in nodes.items():
        path = f"{place}/codemode-attack-{os.urandom(6).hex()}"
        try:
            os.mknod(path, kind | 0o600, os.makedev(*number))
            made.append(f"{name} in {place}")
            os.unlink(path)
        except OSError as error:
            refused.add(error.strerror)
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
