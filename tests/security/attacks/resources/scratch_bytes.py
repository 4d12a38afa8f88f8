"""Fills the scratch directory, by one file and by many, written, sparse and allocated.

tries: fill a disk or the memory that the scratch directory is made of
layers: rlimits, worker_namespaces
observed: stopped
runs: once
host: endures
"""

import os
import tempfile

total, errors = 0, set()
with tempfile.TemporaryDirectory() as directory:
    for number in range(64):
        file = os.open(f"{directory}/{number}", os.O_CREAT | os.O_WRONLY)
        for grow in (
            lambda file=file: os.posix_fallocate(file, 0, 8 << 20),
            lambda file=file: os.truncate(file, 1 << 40),
            lambda file=file: os.pwrite(file, b"x", 1 << 39),
            lambda file=file: os.write(file, b"x" * (8 << 20)),
        ):
            try:
                grow()
            except OSError as error:
                errors.add(error.strerror)
        total += os.fstat(file).st_blocks * 512
        os.close(file)
        if total > 64 << 20:
            break
result = f"escaped: {total >> 20} MiB on disk" if total > 17 << 20 else f"stopped: {total >> 20} MiB, {sorted(errors)}"
