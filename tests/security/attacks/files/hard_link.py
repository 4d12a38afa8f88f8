"""Makes a second name for a file of the host.

tries: keep a file of the host, and its rights, in a directory of its own
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

refused = set()
made = None
for source in ("/var/tmp", "/dev/shm", "/tmp"):
    # Its own file in a directory that is shared: never one of somebody else's.
    first, second = f"{source}/codemode-attack-{os.urandom(6).hex()}", f"{source}/codemode-attack-{os.urandom(6).hex()}"
    try:
        os.close(os.open(first, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        refused.add(error.strerror)
        continue
    try:
        os.link(first, second)
        # The scratch directory is the worker's own.
        if source != "/tmp" or os.stat("/").st_dev == os.stat("/tmp").st_dev:
            made = second
        os.unlink(second)
    except OSError as error:
        refused.add(error.strerror)
    os.unlink(first)
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
