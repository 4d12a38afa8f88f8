"""Writes a file into each directory that all users of the host may write.

tries: leave data for another execution or another process of the host
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

refused, made = set(), []
for place in ("/var/tmp", "/dev/shm", "/run/lock", "/var/lock", "/var/crash"):
    path = f"{place}/codemode-attack-{os.urandom(6).hex()}"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        refused.add(error.strerror)
        continue
    made.append(place)
    os.close(descriptor)
    os.unlink(path)
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
