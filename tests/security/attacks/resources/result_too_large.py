"""Ends with a value above the limit.

tries: make the executor or the application hold it
layers: executor
observed: failed ValueTooLargeError
runs: once
host: endures
"""

result = "x" * (8 << 20)
