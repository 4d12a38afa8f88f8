"""Reads the kernel's tables of connections.

tries: learn who the machine talks to
layers: landlock, namespaces
observed: stopped
"""

import errno

read, refused = {}, set()
for name in ("tcp", "udp", "unix", "route", "arp", "dev", "fib_trie", "netlink", "packet", "vsock"):
    for place in ("/proc/net", "/proc/self/net", "/proc/1/net"):
        try:
            with open(f"{place}/{name}", "rb") as table:
                read[name] = len(table.read(4096))
        except OSError as error:
            refused.add(errno.errorcode[error.errno])
result = f"escaped: bytes read {read}" if read else f"stopped: {sorted(refused)}"
