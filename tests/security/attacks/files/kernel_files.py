"""Reads /proc and /sys.

tries: learn the kernel's addresses, devices and mounts
layers: landlock, namespaces
observed: stopped
"""

found, refused = [], set()
for path in "/proc/version /proc/mounts /proc/self/status /proc/kallsyms /proc/net/unix /sys/kernel/notes".split():
    try:
        with open(path, "rb") as file:
            found.append(f"{path}: {file.read(12)!r}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found[:2]}" if found else f"stopped: {', '.join(sorted(refused))}"
