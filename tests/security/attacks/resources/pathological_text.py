"""Text operations whose time grows with the square or worse.

tries: spend the processor in C code that handles no signal
layers: rlimits, executor
observed: killed cpu_time | timed_out | stopped
runs: once
host: endures
"""

import difflib
import sys
import textwrap

sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
int("7" * 3_000_000)
difflib.SequenceMatcher(None, "ab" * 40_000, "ba" * 40_000).ratio()
textwrap.wrap("a" * 3_000_000 + " b" * 1_000_000)
result = "stopped: it came to an end within its limits"
