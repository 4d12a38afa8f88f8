"""Reads the command lines of other processes.

tries: learn keys, addresses and paths that were given as arguments to processes of the host
layers: landlock, namespaces
observed: stopped
"""

import os

evidence = None
refused = set()
for number in [os.getppid(), *range(1, 64)]:
    if number in {0, os.getpid()}:
        continue
    try:
        with open(f"/proc/{number}/cmdline", "rb") as file:
            content = file.read(200)
        evidence = evidence or (content and f"{number}: {content[:40]!r}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {evidence}" if evidence else f"stopped: {', '.join(sorted(refused))}"
