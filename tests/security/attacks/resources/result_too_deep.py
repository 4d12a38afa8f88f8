"""Ends with a value that is nested a million times.

tries: overflow the stack of whoever encodes or decodes it
layers: executor
observed: failed UnsendableValueError
runs: once
host: endures
"""

result = []
for _ in range(1_000_000):
    result = [result]
