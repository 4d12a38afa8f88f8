"""Has the kernel copy a file of the host, by each call that it has for that.

tries: read a file through sendfile, splice or copy_file_range where read is refused
layers: seccomp, landlock, namespaces
observed: stopped
"""

import os

found, refused = [], set()
reading, writing = os.pipe()
for path in ("/etc/passwd", "/proc/self/status"):
    for flags in (os.O_RDONLY, os.O_PATH):
        try:
            source = os.open(path, flags)
        except OSError as error:
            refused.add(f"open: {error.strerror}")
            continue
        for name, copy in {
            "sendfile": lambda: os.sendfile(writing, source, 0, 8),
            "splice": lambda: os.splice(source, writing, 8, offset_src=0),
            "copy_file_range": lambda: os.copy_file_range(source, writing, 8, offset_src=0),
        }.items():
            try:
                found.append(f"{path} by {name}: {copy()} bytes")
            except (OSError, AttributeError) as error:
                refused.add(f"{name}: {error}")
        os.close(source)
result = f"escaped: {found[0]}" if found else f"stopped: {', '.join(sorted(refused))}"
