"""Looks for packages beside the standard library that reach the system for it.

tries: use numpy, pandas, ctypeslib or pip as the way out
layers: seccomp, landlock, namespaces
observed: stopped
source: PandasAI CVE-2024-12366; llama-index CVE-2023-39662
"""

import importlib
import os
import sys

sys.path += [entry + "/site-packages" for entry in list(sys.path)]
sys.path += ["/usr/lib/python3/dist-packages", "/usr/local/lib/python3/dist-packages"]
found = []
for name in ("numpy.ctypeslib", "pandas.io.common", "pip._internal.utils.subprocess", "setuptools.dist", "requests"):
    try:
        found.append(importlib.import_module(name))
    except (ImportError, OSError, AttributeError):
        continue
system = next((vars(module)["os"].system for module in found if "os" in vars(module)), os.system)

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
