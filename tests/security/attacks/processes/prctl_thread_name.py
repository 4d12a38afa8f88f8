"""Names its thread.

tries: nothing: what the one allowed prctl does is its own
layers: none
observed: stopped
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

PR_SET_NAME, PR_GET_NAME = 15, 16
name = ctypes.create_string_buffer(16)
libc.prctl(PR_SET_NAME, b"0123456789abcdef-too-long")
libc.prctl(PR_GET_NAME, name)
result = f"stopped: its name is cut to {name.value.decode()}" if len(name.value) == 15 else f"escaped: {name.value!r}"
