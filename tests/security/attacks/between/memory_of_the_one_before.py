"""Fills memory with a marker, and looks for the marker in fresh memory of the next execution.

tries: read what another tenant's program computed
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import ctypes
import mmap

marker = b"-".join((b"marker", b"of", b"the", b"execution", b"before")) * 4
if config["turn"] == "first":
    held = [bytearray(marker * 1000) for _ in range(300)]
    result = 1
else:
    found = 0
    for _ in range(16):
        block = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        found += block.find(marker) >= 0 or any(block[::4096])
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for size in (1 << 10, 1 << 14, 1 << 17, 1 << 21):
        for _ in range(20):
            found += marker in ctypes.string_at(libc.malloc(ctypes.c_size_t(size)), size)
    result = f"escaped: found {found} times" if found else "stopped: fresh memory is empty"
