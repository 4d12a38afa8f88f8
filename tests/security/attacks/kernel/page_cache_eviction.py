"""Asks the kernel to forget a file that all workers share.

tries: slow others down, and see by the time of a read whether somebody has read the file since
layers: seccomp
observed: stopped
source: page cache attacks, Gruss and others, 2019
"""

import errno
import os

file = os.open(os.__file__, os.O_RDONLY)
try:
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    result = "escaped: the kernel was asked to drop the file's pages"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
