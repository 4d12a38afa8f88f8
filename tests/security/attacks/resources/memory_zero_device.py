"""Maps the zero device shared, and touches each page.

tries: take memory that the limit on private data does not count, by a device that is anonymous memory
layers: landlock, namespaces
observed: stopped
"""

import mmap
import os

SIZE = 16 << 20
try:
    zero = os.open("/dev/zero", os.O_RDONLY)
    # Memory is given for reading too, where it is shared.
    block = mmap.mmap(zero, SIZE, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)
    touched = sum(block[page] == 0 for page in range(0, SIZE, 4096))
    result = f"escaped: {touched} pages of shared memory are touched"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
