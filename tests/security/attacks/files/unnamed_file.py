"""Makes a file without a name in directories of the host.

tries: fill the host's disk with a file that nobody sees
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

refused, made = set(), []
for place in ("/var/tmp", "/dev/shm", "/", os.path.dirname(os.__file__)):
    try:
        descriptor = os.open(place, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        refused.add(error.strerror)
        continue
    made.append(place)
    os.close(descriptor)
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
