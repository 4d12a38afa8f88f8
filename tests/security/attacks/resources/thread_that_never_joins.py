"""A thread that is not a daemon and never ends.

tries: hold the end of the program, which waits for its threads
layers: executor
observed: timed_out
runs: once
host: endures
"""

import threading

gate = threading.Event()
threading.Thread(target=gate.wait).start()
result = 1
