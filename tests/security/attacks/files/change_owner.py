"""Sets the owner of directories and devices.

tries: give a file to root, to leave an executable that runs as root
layers: seccomp
observed: stopped
"""

import os

done, refused = [], set()
for path in ("/tmp", "/var/tmp", "/dev/null"):
    try:
        # To the owner that it has: nothing changes.
        os.chown(path, -1, -1)
        done.append(path)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {done}" if done else f"stopped: {', '.join(sorted(refused))}"
