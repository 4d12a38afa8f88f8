"""Ends with threads that spin, and looks in the next execution whether anything of them is left.

tries: go on running after its own end
layers: executor
observed: stopped
runs: once
host: in_a_row
"""

import threading
import time


def spin():
    while True:
        try:
            tools.meet(seen=1)
        except BaseException:
            time.sleep(0.001)


if config["turn"] == "first":
    for _ in range(8):
        threading.Thread(target=spin, daemon=True).start()
    result = 1
else:
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    result = f"escaped: {names}" if names else "stopped: one thread"
