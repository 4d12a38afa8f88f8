"""Spends its time in one call into C that never returns to the interpreter.

tries: outlast a limit that is only checked between bytecodes
layers: rlimits, executor
observed: killed cpu_time | timed_out
runs: once
host: endures
"""

import re

re.match(r"(a|a|aa)+$", "a" * 60 + "b")
result = "escaped: it came to an end"
