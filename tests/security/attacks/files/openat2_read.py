"""Opens files with openat2.

tries: open past a filter that looks at the flags of openat, which openat2 keeps in memory
layers: seccomp, landlock, namespaces
observed: stopped
"""

import ctypes
import errno
import os
import struct

OPENAT2, AT_FDCWD = 437, -100
libc = ctypes.CDLL(None, use_errno=True)
found, refused = [], set()
for path in (b"/etc/passwd", b"/proc/self/root/etc/passwd", b"/proc/1/root/etc/passwd", b"/etc/hostname"):
    for resolve in (0, 0x10):  # RESOLVE_IN_ROOT, from the root
        how = struct.pack("<QQQ", os.O_RDONLY, 0, resolve)
        opened = libc.syscall(OPENAT2, AT_FDCWD, path, ctypes.c_char_p(how), 24)
        if opened >= 0:
            found.append(path.decode())
            os.close(opened)
        else:
            refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: {found}" if found else f"stopped: {', '.join(sorted(refused))}"
