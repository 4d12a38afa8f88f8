"""Connects to the executor that started it.

tries: speak to the executor as a client, over its port or its socket file
layers: seccomp, landlock, namespaces
observed: stopped
"""

import errno
import glob
import socket

reached, refused = [], set()
# The default port, what the kernel says is listened on, and where a harness puts sockets.
ports = {8001}
for table in ("/proc/net/tcp", "/proc/net/tcp6"):
    try:
        with open(table) as lines:
            ports |= {
                int(line.split()[1].rpartition(":")[2], 16) for line in list(lines)[1:] if line.split()[3] == "0A"
            }
    except OSError as error:
        refused.add(errno.errorcode[error.errno])
paths = set(glob.glob("/tmp/*/socket"))
try:
    with open("/proc/net/unix") as lines:
        paths |= {line.split()[7] for line in lines if len(line.split()) > 7 and "codemode" in line}
except OSError as error:
    refused.add(errno.errorcode[error.errno])
targets = [(socket.AF_INET, ("127.0.0.1", port)) for port in ports] + [(socket.AF_UNIX, path) for path in paths]
for family, address in targets:
    try:
        with socket.socket(family) as client:
            client.settimeout(10)
            client.connect(address)
            reached.append(address)
    except OSError as error:
        refused.add(errno.errorcode.get(error.errno, str(error)))
result = f"escaped: connected to {reached}" if reached else f"stopped: {sorted(refused)}"
