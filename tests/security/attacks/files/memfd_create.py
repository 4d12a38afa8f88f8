"""Makes a file in memory and writes it.

tries: hold memory that no limit of the process counts, and run programs from it
layers: seccomp
observed: stopped
"""

import os

try:
    descriptor = os.memfd_create("attack")
    os.write(descriptor, b"#!/bin/false\n")
    os.close(descriptor)
    result = "escaped: made and written"
except OSError as error:
    result = f"stopped: {type(error).__name__}: {error.strerror}"
