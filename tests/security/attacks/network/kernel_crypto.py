"""Has the kernel's crypto interface compute a digest.

tries: reach the many modules behind AF_ALG
layers: seccomp
observed: stopped
source: CVE-2016-8646 and others of this family
"""

import errno
import socket

try:
    with socket.socket(getattr(socket, "AF_ALG", 38), socket.SOCK_SEQPACKET) as algorithm:
        algorithm.bind(("hash", "sha256"))
        operation, _ = algorithm.accept()
        with operation:
            operation.send(b"x")
            result = f"escaped: the kernel computed {operation.recv(32).hex()[:16]}"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
