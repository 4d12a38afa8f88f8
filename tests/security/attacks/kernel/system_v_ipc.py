"""Makes System V shared memory, messages and semaphores.

tries: keep data in the kernel past the end of the worker, or meet other workers
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

IPC_PRIVATE, IPC_RMID = 0, 0
made, refused = [], set()
for name, create, remove in (
    (
        "memory",
        lambda: libc.shmget(IPC_PRIVATE, ctypes.c_size_t(4096), 0o600),
        lambda made: libc.shmctl(made, IPC_RMID, None),
    ),
    ("messages", lambda: libc.msgget(IPC_PRIVATE, 0o600), lambda made: libc.msgctl(made, IPC_RMID, None)),
    ("semaphores", lambda: libc.semget(IPC_PRIVATE, 1, 0o600), lambda made: libc.semctl(made, 0, IPC_RMID)),
):
    number = create()
    if number < 0:
        refused.add(errno.errorcode[ctypes.get_errno()])
    else:
        remove(number)
        made.append(name)
result = f"escaped: made {made}" if made else f"stopped: {sorted(refused)}"
