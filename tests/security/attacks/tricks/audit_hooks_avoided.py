"""Reads a file where an audit hook forbids it.

tries: get past a sandbox made of audit hooks
layers: landlock, namespaces
observed: stopped
source: documented in PEP 578: hooks are no sandbox
"""

import ctypes
import sys

told = []
sys.addaudithook(lambda event, arguments: told.append(event) if event == "open" else None)
libc = ctypes.CDLL(None, use_errno=True)
file = libc.open(b"/etc/passwd", 0)
told.clear()
buffer = ctypes.create_string_buffer(16)
count = libc.read(file, buffer, 16) if file >= 0 else -1
result = f"escaped: {count} bytes, the hook saw {told}" if count > 0 else "stopped: the file cannot be opened"
