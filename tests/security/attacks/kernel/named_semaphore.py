"""Makes shared memory with a name.

tries: meet other workers in memory
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
"""

import errno
from multiprocessing import shared_memory

try:
    memory = shared_memory.SharedMemory(create=True, size=4096)
    memory.close()
    result = f"escaped: memory named {memory.name}"
    memory.unlink()
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
