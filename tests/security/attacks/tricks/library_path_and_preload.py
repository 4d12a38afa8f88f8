"""Sets the loader's variables and loads a library from the scratch directory.

tries: have its own native code loaded in this or the next process
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
source: dify-sandbox issue 27 (preload); LD_PRELOAD against wrappers by environment
"""

import ctypes
import os
import tempfile

loaded = []
try:
    for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV"):
        os.environ[name] = tempfile.gettempdir() + "/evil.so"
    with tempfile.TemporaryDirectory() as directory:
        # A copy of a real library of the interpreter: code that no policy has seen, if it could be mapped to run.
        import _ctypes

        with open(_ctypes.__file__, "rb") as source, open(f"{directory}/evil.so", "wb") as target:
            target.write(source.read())
        ctypes.CDLL(f"{directory}/evil.so")
        loaded.append("library")
except OSError as error:
    result = f"stopped: {str(error)[-60:]}"
else:
    result = f"escaped: {loaded} from a directory that the program can write"
