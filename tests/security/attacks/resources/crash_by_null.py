"""Reads address zero.

tries: end the worker so that the executor or its zygote ends too
layers: executor
observed: killed crash
runs: once
host: endures
"""

import ctypes

ctypes.string_at(0)
