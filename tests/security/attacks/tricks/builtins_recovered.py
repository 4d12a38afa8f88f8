"""Deletes its builtins and gets them back in six ways.

tries: show that builtins cannot be taken away
layers: landlock, namespaces
observed: stopped
source: smolagents CVE-2025-5120; published many times
"""

import sys

ways = [
    lambda: sys.modules["builtins"].open,
    lambda: print.__self__.open,
    lambda: (lambda: 0).__builtins__["open"],
    lambda: sys._getframe().f_builtins["open"],
    lambda: sys.modules["importlib"].import_module("_io").open,
    lambda: type(sys.stdout.buffer).__init__.__objclass__ and sys.modules["_io"].open,
]
found = [way() for way in ways]
del __builtins__
open_ = found[-1]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
