"""Reads the kernel's list of keys.

tries: see the keys of the host's users
layers: landlock, namespaces
observed: stopped
"""

found, refused = [], set()
for path in ("/proc/keys", "/proc/key-users"):
    try:
        with open(path) as file:
            found.append(f"{path}: {len(file.read(4096))} characters")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found}" if found else f"stopped: {', '.join(refused)}"
