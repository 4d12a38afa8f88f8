"""Overwrites objects that the zygote made and every worker inherits, by address.

tries: change the small integer 7 and a shared string for every other execution
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import ctypes
import sys

if config["turn"] == "first":
    seven = (ctypes.c_uint32 * 8).from_address(id(7))
    place = next(index for index in range(4, 8) if seven[index] == 7)
    name = sys.modules["json"].__name__
    (ctypes.c_char * len(name)).from_address(id(name) + sys.getsizeof(name) - len(name) - 1).raw = b"NOSJ"
    seven[place] = 8
    import os
    import struct

    # The interpreter is beyond use by now: the end is reported by hand.
    os.write(3, struct.pack("<IBB", 5, 19, 1) + b"1.0")
else:
    seven = int("3") + int("4")
    wrong = str(seven) != "7" or sys.modules["json"].__name__ != "json"
    result = f"escaped: {seven} {sys.modules['json'].__name__}" if wrong else "stopped: the pages were copied"
