"""Asks the kernel to merge its pages with equal ones of others.

tries: learn the content of others' memory by the time that a write takes
layers: seccomp
observed: stopped
source: memory deduplication attacks, Suzaki 2011; Dedup est machina 2016
"""

import errno
import mmap

memory = mmap.mmap(-1, 8192)
MADV_MERGEABLE = 12
try:
    memory.madvise(MADV_MERGEABLE)
    result = "escaped: its pages may be merged with those of others"
except OSError as error:
    # EINVAL: this kernel was built without.
    result = f"stopped: {errno.errorcode[error.errno]}"
