"""Looks for the executor's key in every environment it can find.

tries: steal the API key or the cloud's credentials
layers: capabilities, landlock, namespaces
observed: stopped
source: opencodemode 0.3: the key was in the environment and the command line of the sandbox
"""

import os

texts = {"own": repr(dict(os.environ))}
for number in (os.getppid(), 1, *range(2, 60)):
    for name in ("environ", "cmdline"):
        try:
            with open(f"/proc/{number}/{name}", "rb") as file:
                texts[f"{number} {name}"] = file.read(1 << 16).decode(errors="replace")
        except OSError:
            continue
words = ("CODEMODE_API_KEY", "cmk-marker", "AWS_SECRET", "_TOKEN=", "PASSWORD=")
found = [(where, word) for where, text in texts.items() for word in words if word in text]
result = f"escaped: {found[:3]}" if found else f"stopped: nothing in {len(texts)} environments"
