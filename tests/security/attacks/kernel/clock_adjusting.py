"""Reads and steers the machine's clock.

tries: read the clock's corrections, and bend it
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

# With no mode set the call only reads.
state = ctypes.create_string_buffer(512)
done = [name for name in ("adjtimex", "ntp_adjtime") if getattr(libc, name)(state) >= 0]
result = f"escaped: {done} answered" if done else f"stopped: {errno.errorcode[ctypes.get_errno()]}"
