"""Runs its own interpreter with subprocess.

tries: run another program by vfork, or fork, and exec
layers: seccomp, landlock
observed: stopped
"""

import errno
import subprocess
import sys

try:
    ended = subprocess.run([sys.executable, "-S", "-c", "print(6 * 7)"], capture_output=True, timeout=50)
    result = f"escaped: it printed {ended.stdout!r}" if ended.stdout == b"42\n" else f"stopped: {ended.returncode}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
