"""Unpickles an object that is a call.

tries: call what no import statement names
layers: seccomp, landlock, namespaces
observed: stopped
source: the standard library's own warning; picklescan CVE-2025-1716
"""

import pickle

# Protocol 0: posix.system, looked up by name and not called yet.
system = pickle.loads(b"cposix\nsystem\n.")

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
