"""Asks for the machine's own name.

tries: know the host again, and others' executions on it
layers: namespaces
observed: stopped
"""

import os

# A jail that hides the host answers with a name of its own.
name = os.uname().nodename
told = name not in ("", "(none)", "localhost", "codemode")
result = f"escaped: the host is called {name!r}" if told else f"stopped: it is called {name!r}"
