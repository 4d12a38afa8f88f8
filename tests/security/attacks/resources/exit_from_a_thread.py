"""Ends the process from a second thread while the first one runs, by a raw call.

tries: leave a worker half ended
layers: executor
observed: killed crash | timed_out
runs: once
host: endures
"""

import ctypes
import threading
import time

libc = ctypes.CDLL(None)
# 60 is exit, of one thread: the first thread of the process goes, the others stay.
threading.Thread(target=time.sleep, args=(60,)).start()
libc.syscall(60, 0)
