"""Reads how the host is set up.

tries: learn names, addresses and services of the network
layers: landlock, namespaces
observed: stopped
"""

found, refused = [], set()
for path in "/etc/hosts /etc/hostname /etc/resolv.conf /etc/fstab /etc/os-release /etc/machine-id".split():
    try:
        with open(path, "rb") as file:
            found.append(f"{path}: {file.read(12)!r}")
    except OSError as error:
        refused.add(error.strerror)
result = f"escaped: {found[:2]}" if found else f"stopped: {', '.join(sorted(refused))}"
