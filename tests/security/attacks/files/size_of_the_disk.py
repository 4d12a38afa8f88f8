"""Asks how large and how full the host's file system is.

tries: learn about the host from what the interpreter's directory lies on
layers: none
observed: completed
"""

import os

places = [os.path.dirname(os.__file__), "/"]
result = {place: [os.statvfs(place).f_blocks, os.statvfs(place).f_bfree] for place in places}
