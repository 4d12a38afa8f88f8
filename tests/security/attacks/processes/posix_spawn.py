"""Starts its own interpreter with posix_spawn.

tries: run another program
layers: seccomp, landlock
observed: stopped
"""

import errno
import os
import sys

try:
    child = os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", "raise SystemExit(42)"], {})
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    result = f"escaped: process {child} ended with {status}" if status == 42 else f"stopped: it ended with {status}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
