"""Grows the main thread's stack page by page, by native code.

tries: take memory that neither the limit on data nor a thread's stack counts
layers: rlimits
observed: killed crash | stopped
runs: once
host: endures_with_an_unlimited_stack
"""

import ctypes

LIMIT = 256 << 20  # twice what the execution may allocate
end = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "__libc_stack_end").value & ~4095
for below in range(0, LIMIT, 4096):
    # What is there is written again: pages in use must not change.
    ctypes.memmove(end - below, end - below, 1)
result = f"escaped: the stack is {LIMIT >> 20} MiB"
