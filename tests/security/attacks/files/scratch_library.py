"""Loads a shared library of the host from a copy that it made.

tries: bring machine code of its own into the worker
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
"""

import ctypes
import os
import sys
import tempfile
import zlib

try:
    with tempfile.TemporaryDirectory() as own:
        source = getattr(zlib, "__file__", None) or sys.modules["_ctypes"].__file__
        path = f"{own}/copy.so"
        with open(source, "rb") as original, open(path, "wb") as copy:
            copy.write(original.read())
        ctypes.CDLL(path)
        result = f"escaped: loaded {os.path.basename(source)} from a file of its own"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error}"
