"""Takes a record lock on a file that all workers share.

tries: send bits to another worker by locks that both see
layers: seccomp
observed: stopped
"""

import errno
import fcntl
import os
import struct

F_OFD_GETLK, F_OFD_SETLK = 36, 37
file, second = (os.open(os.__file__, os.O_RDONLY) for _ in range(2))
shape = "hhqqi4x"
try:
    fcntl.fcntl(file, F_OFD_SETLK, struct.pack(shape, fcntl.F_RDLCK, 0, 7, 1, 0))
    answer = struct.unpack(shape, fcntl.fcntl(second, F_OFD_GETLK, struct.pack(shape, fcntl.F_WRLCK, 0, 7, 1, 0)))
    seen = answer[0] != fcntl.F_UNLCK
    result = f"escaped: another handle sees {answer}" if seen else "stopped: no lock is seen"
except OSError as error:
    result = f"stopped: {errno.errorcode[error.errno]}"
