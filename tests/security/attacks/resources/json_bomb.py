"""Parses JSON and pickles that grow without end.

tries: crash the parsers that the runner uses, too
layers: rlimits, executor
observed: stopped | killed crash | failed MemoryError
runs: once
host: endures
"""

import json
import pickle

refused = 0
for load in (
    lambda: json.loads("[" * 1_000_000),
    lambda: json.loads('{"a":' * 1_000_000),
    lambda: json.loads("1" * 1_000_000),
    lambda: pickle.loads(b"\x80\x04" + b"(" * 1_000_000),
    lambda: pickle.loads(b"\x80\x04B\xff\xff\xff\x7fx."),
):
    try:
        load()
    except (RecursionError, ValueError, EOFError, MemoryError, pickle.UnpicklingError):
        refused += 1
result = f"stopped: {refused} of 5 were refused"
