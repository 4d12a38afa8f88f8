"""Looks for what the zygote was started with: its directory, its settings, its packages.

tries: change or read the code that the next worker will run
layers: landlock, namespaces
observed: stopped
runs: once
host: in_a_row
"""

import os
import sys

places = {
    os.path.dirname(getattr(module, "__file__", None) or "/none/x")
    for name, module in sys.modules.items()
    if "codemode" in name
}
reached = []
for place in places:
    for name in ("runner.py", "bridge.py", "zygote.py", "values.py"):
        try:
            os.close(os.open(f"{place}/{name}", os.O_RDWR))
            reached.append(f"{place}/{name}")
        except OSError:
            continue
result = f"escaped: {reached} can be written" if reached else f"stopped: nothing in {len(places)} places can be written"
