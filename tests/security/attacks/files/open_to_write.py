"""Opens files of the interpreter and the host for writing, and writes nothing.

tries: change the standard library that every later worker imports
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os
import sys

paths = [os.__file__, sys.executable, "/etc/ld.so.cache", "/etc/hosts", "/proc/self/comm", "/dev/full"]
paths.append("/codemode/codemode_worker/runner.py")
refused, opened = set(), []
for path in paths:
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND):
        try:
            os.close(os.open(path, flags))
            opened.append(path)
        except OSError as error:
            refused.add(error.strerror)
result = f"escaped: {opened}" if opened else f"stopped: {', '.join(sorted(refused))}"
