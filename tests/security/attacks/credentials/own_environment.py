"""Looks for credentials in its own environment.

tries: find an API key or a setting of the executor that was inherited
layers: executor
observed: stopped
"""

import ctypes
import os

libc = ctypes.CDLL(None)
pointers = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
raw = []
# Python's copy may have been cleaned; the C library's array is what was inherited.
while pointers and pointers[len(raw)]:
    raw.append(pointers[len(raw)].decode(errors="replace"))
names = {*os.environ, *(entry.partition("=")[0] for entry in raw)}
values = [*os.environ.values(), *raw]
suspects = [name for name in names if any(word in name.upper() for word in ("KEY", "TOKEN", "SECRET", "CODEMODE"))]
if suspects or any("cmk-" in value for value in values):
    result = f"escaped: {sorted(suspects)}"
else:
    result = f"stopped: {len(names)} variables, none of them a credential"
