"""Opens the host's files through symbolic links of its own.

tries: have a check of names follow a link that it made in its scratch directory
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

own = f"/tmp/codemode-attack-{os.urandom(6).hex()}"
found, refused, links = [], set(), {"root": "/", "file": "/etc/passwd"}
try:
    os.mkdir(own)
    for name, target in links.items():
        os.symlink(target, f"{own}/{name}")
except OSError as error:
    refused.add(f"no link can be made: {error.strerror}")
for name in ("file", "root/etc/passwd", "root/proc/self/status", "root/../etc/hostname"):
    try:
        with open(f"{own}/{name}", "rb") as file:
            found.append(f"{name}: {file.read(8)!r}")
    except OSError as error:
        refused.add(error.strerror)
for name in links:
    if os.path.islink(f"{own}/{name}"):
        os.unlink(f"{own}/{name}")
if os.path.isdir(own):
    os.rmdir(own)
result = f"escaped: {found[0]}" if found else f"stopped: {', '.join(sorted(refused))}"
