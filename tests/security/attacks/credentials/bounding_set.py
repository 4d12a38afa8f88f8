"""Asks which capabilities an executable could give it.

tries: gain privileges by running a file that carries them
layers: capabilities, seccomp, namespaces
observed: stopped
"""

import ctypes
import errno

PR_CAPBSET_READ = 23
libc = ctypes.CDLL(None, use_errno=True)
answers = [libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) for number in range(41)]
bounded = sum(answer == 1 for answer in answers)
if bounded:
    result = f"escaped: {bounded} capabilities are in the bounding set"
else:
    result = f"stopped: {errno.errorcode.get(ctypes.get_errno(), 'the set is empty')}"
