"""Asks the name services for users and hosts.

tries: have the C library open sockets and files on its behalf
layers: landlock, namespaces
observed: stopped
"""

import grp
import os
import pwd

found = []
for ask in (pwd.getpwall, grp.getgrall):
    found += ask()
try:
    found.append(os.path.expanduser("~root") if os.path.expanduser("~root") != "~root" else None)
except OSError:
    pass
found = [entry for entry in found if entry]
result = f"escaped: {found[0]!r}"[:120] if found else "stopped: there are no users"
