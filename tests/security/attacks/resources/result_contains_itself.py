"""Ends with values that contain themselves.

tries: make the encoder run for ever
layers: executor
observed: failed UnsendableValueError
runs: once
host: endures
"""

result = {"list": []}
result["list"].append(result)
