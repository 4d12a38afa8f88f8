"""Asks what the machine and its kernel are called.

tries: choose an exploit for this kernel, and know the host again
layers: none
observed: stopped
"""

import os

names = os.uname()
result = f"stopped: told is {names.sysname} {names.release} {names.machine}, as documented"
