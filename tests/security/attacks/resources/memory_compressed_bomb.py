"""Unpacks data that repeats one compressed block.

tries: turn a few bytes of program into gibibytes of memory
layers: rlimits, cgroup
observed: stopped | killed memory
runs: once
host: endures
"""

import zlib

packer = zlib.compressobj(9, zlib.DEFLATED, -15)
block = packer.compress(bytes(4 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
bomb = block * 256
try:
    size = len(zlib.decompressobj(-15).decompress(bomb))
    result = f"escaped: {len(bomb)} bytes became {size >> 20} MiB"
except MemoryError:
    result = f"stopped: MemoryError for {len(bomb)} bytes"
