"""Changes its execution domain.

tries: make readable memory executable and addresses predictable
layers: seccomp
observed: killed system_call
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

READ_IMPLIES_EXEC, QUERY = 0x0400000, 0xFFFFFFFF
before = libc.personality(ctypes.c_ulong(QUERY))
libc.personality(ctypes.c_ulong(before | READ_IMPLIES_EXEC))
now = libc.personality(ctypes.c_ulong(QUERY))
libc.personality(ctypes.c_ulong(before))
result = f"escaped: the domain was {now:#x}" if now & READ_IMPLIES_EXEC else f"stopped: {now:#x}"
