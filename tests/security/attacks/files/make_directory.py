"""Makes and renames directories outside its scratch.

tries: change the tree that other processes see
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

refused, made = set(), []
for place in ("/var/tmp", "/dev/shm", "/", os.path.dirname(os.__file__)):
    path = f"{place}/codemode-attack-{os.urandom(6).hex()}"
    try:
        os.mkdir(path, 0o700)
        os.rename(path, f"{path}-2")
        os.rmdir(f"{path}-2")
        made.append(place)
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
