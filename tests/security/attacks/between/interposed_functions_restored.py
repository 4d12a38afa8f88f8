"""Writes libc's own functions back over the interposed ones, and looks whether the next execution reads the real clock.

tries: break the replay of other executions
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import ctypes
import datetime
import sys

determinism = sys.modules["codemode_worker.determinism"]
NAMES = (b"clock_gettime", b"gettimeofday", b"time", b"getrandom", b"getentropy", b"syscall")
# Of x86_64 and aarch64: relocations that hold the address of a function.
ADDRESSES = (6, 7, 1025, 1026)
libc = ctypes.CDLL(None)


def words(address, count):
    return (ctypes.c_size_t * count).from_address(address)


def objects():
    """Base and dynamic section of each loaded object: a handle of the loader is its list."""
    entry = libc._handle
    while entry:
        base, _name, dynamic, entry = words(entry, 4)
        yield base, dynamic


def restore():
    restored = 0
    for base, dynamic in objects():
        found = {}
        while (tag := words(dynamic, 2)[0]) != 0:
            value = words(dynamic, 2)[1]
            found[tag] = value + base if tag in (5, 6, 7, 23) and value < base else value
            dynamic += 16
        for start, size in ((found.get(7), found.get(8)), (found.get(23), found.get(2))):
            for at in range(start or 0, (start or 0) + (size or 0), 24):
                place, kind = words(at, 2)
                symbol = found[6] + 24 * (kind >> 32)
                if not kind >> 32 or kind & 0xFFFFFFFF not in ADDRESSES or words(symbol, 2)[1]:
                    continue
                name = ctypes.string_at(found[5] + ctypes.c_uint32.from_address(symbol).value)
                if name in NAMES:
                    slot = base + place
                    libc.mprotect(ctypes.c_void_p(slot & ~4095), ctypes.c_size_t(4096), 3)
                    own = ctypes.cast(getattr(libc, name.decode()), ctypes.c_void_p).value
                    restored += words(slot, 1)[0] != own
                    words(slot, 1)[0] = own
    return restored


def is_real():
    determinism.begin("00" * 32, b"")
    datetime.datetime.now()
    return not determinism.take_clock()[0]


if config["turn"] == "first":
    result = [restore(), is_real()]
elif is_real():
    result = "escaped: the clock is real again"
else:
    result = f"stopped: still recorded, after this in the execution before: {config['seen']}"
