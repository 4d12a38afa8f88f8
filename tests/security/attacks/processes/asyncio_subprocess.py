"""Runs its own interpreter with asyncio.

tries: run another program through the event loop
layers: seccomp, landlock
observed: stopped
"""

import asyncio
import errno
import sys


async def start():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", "print(6 * 7)", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return f"escaped: it printed {said!r}" if said == b"42\n" else f"stopped: {process.returncode}"


try:
    result = asyncio.run(start())
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
