"""Maps shared anonymous memory by the C library, in each way there is, and writes it.

tries: get around what the worker makes of Python's shared mappings, by native code
layers: cgroup
observed: stopped
runs: once
host: endures_with_each_limit_of_memory
"""

import ctypes

LIMIT = 512 << 20  # four times what the execution may allocate
STEP = 16 << 20
PRIVATE, SHARED, SHARED_VALIDATE, ANONYMOUS, NORESERVE, POPULATE = 2, 1, 3, 0x20, 0x4000, 0x8000
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
total, errors = 0, set()
for flags in (SHARED, SHARED | NORESERVE, SHARED | POPULATE, SHARED_VALIDATE):
    while total < LIMIT:
        block = libc.mmap(None, ctypes.c_size_t(STEP), 3, flags | ANONYMOUS, -1, ctypes.c_long(0))
        if block == ctypes.c_size_t(-1).value:
            errors.add(ctypes.get_errno())
            break
        ctypes.memset(block, 1, STEP)
        total += STEP
# Mapped without being writable, and made so afterwards.
while total < LIMIT:
    block = libc.mmap(None, ctypes.c_size_t(STEP), 0, SHARED | ANONYMOUS, -1, ctypes.c_long(0))
    if block == ctypes.c_size_t(-1).value or libc.mprotect(ctypes.c_void_p(block), ctypes.c_size_t(STEP), 3):
        errors.add(ctypes.get_errno())
        break
    ctypes.memset(block, 1, STEP)
    total += STEP
result = f"escaped: {total >> 20} MiB" if total >= LIMIT else f"stopped: errors {errors} after {total >> 20} MiB"
