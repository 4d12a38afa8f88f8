"""Makes faulthandler dump and exit when a time is over.

tries: end the process from a watchdog thread in C, and write to a descriptor of its choice
layers: executor
observed: killed value | killed crash | timed_out | failed PermissionError
runs: once
host: endures
"""

import faulthandler
import time

faulthandler.dump_traceback_later(0.2, exit=True, file=3)
time.sleep(60)
