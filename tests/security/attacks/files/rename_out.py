"""Renames a file of its own out of its scratch directory.

tries: leave a file in a directory of the host by moving it there
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

refused, moved = set(), []
own = f"/tmp/codemode-attack-{os.urandom(6).hex()}"
try:
    for place in ("/var/tmp", "/dev/shm", "/"):
        for move in (os.rename, os.link, os.symlink):
            target = f"{place}/codemode-attack-{os.urandom(6).hex()}"
            os.close(os.open(own, os.O_CREAT | os.O_WRONLY, 0o600))
            try:
                move(own, target)
                os.unlink(target)
                moved.append(f"{move.__name__} to {place}")
            except OSError as error:
                refused.add(error.strerror)
except OSError as error:
    refused.add(f"no file can be made: {error.strerror}")
try:
    os.unlink(own)
except OSError:
    pass
result = f"escaped: {moved}" if moved else f"stopped: {', '.join(sorted(refused))}"
