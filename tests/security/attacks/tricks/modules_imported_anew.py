"""Removes modules and imports them anew by every loader.

tries: get a clean copy of a module that was crippled
layers: seccomp, landlock, namespaces
observed: stopped
source: crewAI pull request 4643; browser-use pull request 4679 (posix for os)
"""

import importlib.machinery
import importlib.util
import sys

sys.modules["os"].system = None
kept = sys.modules.pop("os"), sys.modules.pop("posix", None)
again = importlib.util.find_spec("os").loader.load_module("os")
sys.modules["os"] = kept[0]
builtin = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("posix", importlib.machinery.BuiltinImporter))
builtin.__spec__.loader.exec_module(builtin)
system = builtin.system

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
