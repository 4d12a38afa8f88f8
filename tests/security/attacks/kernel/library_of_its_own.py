"""Loads a shared library that it wrote.

tries: run native code of its own
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
"""

import _ctypes
import ctypes
import shutil
import tempfile

try:
    with tempfile.NamedTemporaryFile(suffix=".so") as copy:
        with open(_ctypes.__file__, "rb") as original:
            shutil.copyfileobj(original, copy)
        copy.flush()
        ctypes.CDLL(copy.name)
        result = f"escaped: loaded {copy.name}"
except OSError as error:
    result = f"stopped: {error.strerror or str(error).partition(': ')[2]}"
