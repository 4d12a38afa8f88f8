"""Finds names by subscripts of globals, vars and a frame's locals, never as names.

tries: call a function whose name a checker of syntax would see
layers: seccomp, landlock, namespaces
observed: stopped
source: langchain CVE-2025-61422 and CVE-2025-61423
"""

import sys

scope = globals()
builtins = scope["__built" + "ins__"]
builtins = builtins if isinstance(builtins, dict) else vars(builtins)
locals_of_frame = sys._getframe().f_locals
assert locals_of_frame["scope"] is scope["scope"]
module = builtins["__im" + "port__"]("o" + "s")
system = vars(module)["sys" + "tem"]

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
