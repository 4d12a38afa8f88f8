"""Changes the remaining settings of a process.

tries: find one that loosens the jail: speculation, timers, dispatch, tracers, machine-check policy
layers: seccomp
observed: stopped
"""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)

done, refused = [], set()
for name, *numbers in (
    # Each sets what holds already or what concerns this process alone.
    ("PR_SET_SECUREBITS", 28, 0),
    ("PR_SET_KEEPCAPS", 8, 0),
    ("PR_SET_TIMERSLACK", 29, 50000),
    ("PR_SET_TSC", 26, 1),
    ("PR_TASK_PERF_EVENTS_DISABLE", 31),
    ("PR_MCE_KILL", 33, 0, 0),
    ("PR_SET_THP_DISABLE", 41, 0),
    ("PR_SET_SPECULATION_CTRL", 53, 0, 2),
    ("PR_SET_IO_FLUSHER", 57, 0),
    ("PR_SET_SYSCALL_USER_DISPATCH", 59, 0),
    ("PR_SET_PTRACER", 0x59616D61, -1),
    ("PR_SET_MEMORY_MERGE", 67, 0),
):
    arguments = [ctypes.c_ulong(number) for number in [*numbers[1:], 0, 0, 0, 0][:4]]
    ctypes.set_errno(0)
    if libc.prctl(numbers[0], *arguments) >= 0:
        done.append(name)
    else:
        refused.add(errno.errorcode[ctypes.get_errno()])
result = f"escaped: {done}" if done else f"stopped: {sorted(refused)}"
