"""Reads the environments of all processes through /proc.

tries: read the executor's API key where the kernel shows it
layers: landlock, namespaces
observed: stopped
"""

import os
import re

refused = []
evidence = None
numbers = {"self", "thread-self", str(os.getppid()), *map(str, range(1, 64))}
try:
    numbers |= {name for name in os.listdir("/proc") if name.isdigit()}
except OSError as error:
    refused.append(f"/proc: {error.strerror}")
for number in sorted(numbers):
    try:
        with open(f"/proc/{number}/environ", "rb") as file:
            content = file.read(65536)
    except OSError as error:
        refused.append(error.strerror)
        continue
    key = re.search(rb"CODEMODE_API_KEY=.{8}", content)
    if content and number not in {"self", "thread-self", str(os.getpid())}:
        evidence = f"{len(content)} bytes of {number}" + (", a key among them" if key else "")
        if key:
            break
result = f"escaped: {evidence}" if evidence else f"stopped: {', '.join(sorted(set(refused)))}"
