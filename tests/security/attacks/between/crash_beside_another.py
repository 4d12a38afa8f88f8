"""Crashes while another execution of the same zygote runs.

tries: take other executions down with it
layers: executor
observed: killed crash
runs: once
host: at_once
"""

import ctypes

if config["turn"] == "first":
    result = f"stopped: the other is {tools.meet(seen=1)}"
else:
    ctypes.string_at(0)
