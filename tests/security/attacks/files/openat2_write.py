"""Makes a file with openat2 where openat may not.

tries: write past a filter that looks at the flags of openat
layers: seccomp, landlock, namespaces
observed: stopped
"""

import ctypes
import errno
import os
import struct

OPENAT2, AT_FDCWD = 437, -100
libc = ctypes.CDLL(None, use_errno=True)
made, refused = [], set()
for place in ("/var/tmp", "/dev/shm"):
    path = f"{place}/codemode-attack-{os.urandom(6).hex()}"
    how = struct.pack("<QQQ", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, 0)
    opened = libc.syscall(OPENAT2, AT_FDCWD, path.encode(), ctypes.c_char_p(how), 24)
    if opened >= 0:
        made.append(path)
        os.close(opened)
        os.unlink(path)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: {made}" if made else f"stopped: {', '.join(sorted(refused))}"
