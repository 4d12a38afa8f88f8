"""Makes each inherited descriptor its working directory.

tries: get back into a tree that was left behind when the root was changed
layers: descriptors, landlock, namespaces
observed: stopped
"""

import os

reached, refused = [], set()
for number in range(256):
    try:
        os.fchdir(number)
        os.chdir("../" * 16)
        with open("etc/passwd", "rb") as file:
            reached.append(f"{number}: {file.read(8)!r}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {reached[0]}" if reached else f"stopped: {', '.join(sorted(refused))}"
