"""Computes in a pool of processes.

tries: spread work over processes
layers: rlimits, seccomp, landlock, namespaces
observed: stopped
"""

import errno
from concurrent.futures import ProcessPoolExecutor

try:
    with ProcessPoolExecutor(1) as pool:
        result = f"escaped: another process computed {pool.submit(pow, 6, 2).result(5)}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
