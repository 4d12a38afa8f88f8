"""Reads a file by the C library alone, with no function of Python's.

tries: get past whatever watches Python's own functions
layers: landlock, namespaces
observed: stopped
source: smolagents issue 2094: ctypes was not on the list
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
ctypes.pythonapi.PyImport_AddModule.restype = ctypes.py_object
assert ctypes.pythonapi.PyImport_AddModule(b"builtins").len
libc.fopen.restype = ctypes.c_void_p
file = libc.fopen(b"/etc/passwd", b"r")
if file:
    buffer = ctypes.create_string_buffer(17)
    libc.fgets(buffer, 17, ctypes.c_void_p(file))
    result = f"escaped: {len(buffer.value)} bytes of /etc/passwd"
else:
    result = f"stopped: errno {ctypes.get_errno()}"
