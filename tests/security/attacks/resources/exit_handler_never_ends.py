"""An exit handler, a finaliser and a destructor that never return.

tries: hold the worker after the program has ended
layers: executor
observed: timed_out | completed
runs: once
host: endures
"""

import atexit
import threading
import weakref


class Last:
    def __del__(self):
        threading.Event().wait()


last = Last()
weakref.finalize(Last, threading.Event().wait)
atexit.register(threading.Event().wait)
result = 1
