"""Makes system calls under numbers with the highest bits set.

tries: confuse a filter that compares numbers with a sign
layers: seccomp
observed: killed system_call
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

answers = set()
for number in (-1, -39, -(1 << 31), (1 << 32) + 41):
    value = libc.syscall(ctypes.c_long(number), 1, 1, 0)
    answers.add(f"{number}: {value if value >= 0 else errno.errorcode[ctypes.get_errno()]}")
result = f"stopped: {sorted(answers)}"
if any(not answer.endswith(("ENOSYS", "EPERM")) for answer in answers):
    result = f"escaped: {sorted(answers)}"
