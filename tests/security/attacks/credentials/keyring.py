"""Asks for the session's keyring.

tries: read keys that processes of the host keep in the kernel
layers: seccomp
observed: killed system_call
source: keyrings are not namespaced; Docker denies keyctl by default
"""

import ctypes
import errno
import os

number = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING = 0, -4, -3
libc = ctypes.CDLL(None, use_errno=True)
rings = []
for ring in (KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING):
    if (serial := libc.syscall(number, KEYCTL_GET_KEYRING_ID, ring, 0, 0, 0)) > 0:
        rings.append(serial)
result = f"escaped: keyrings {rings}" if rings else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
