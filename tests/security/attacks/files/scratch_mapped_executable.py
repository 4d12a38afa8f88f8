"""Maps a file that it wrote as code.

tries: run machine code of its own without the loader
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
"""

import mmap
import tempfile

try:
    with tempfile.TemporaryFile() as file:
        file.write(b"\xc3" * mmap.PAGESIZE)
        file.flush()
        area = mmap.mmap(file.fileno(), mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        result = f"escaped: {len(area)} bytes are executable"
        area.close()
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
