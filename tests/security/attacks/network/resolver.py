"""Resolves a name.

tries: start a name lookup, which carries data out in the name
layers: landlock, namespaces
observed: stopped
"""

import socket

# Only a name that resolves on the machine itself: nothing leaves it where this succeeds.
try:
    found = {address[4][0] for address in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    result = f"escaped: localhost is {sorted(found)}"
except socket.gaierror as error:
    result = f"stopped: {error}"
