"""Changes the times and the mode of files that are not its own to what they are.

tries: change files of the interpreter, so that caches are rebuilt or programs fail
layers: seccomp, namespaces
observed: stopped
"""

import os

done, refused = [], set()
for path in (os.__file__, "/usr/share/zoneinfo", "/var/tmp"):
    try:
        status = os.stat(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        done.append(f"times of {path}")
        os.chmod(path, status.st_mode & 0o7777)
        done.append(f"mode of {path}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {done}" if done else f"stopped: {', '.join(sorted(refused))}"
