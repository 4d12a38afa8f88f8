"""Reads the frames of a traceback for the globals of those who called.

tries: leave the program's own scope by an exception
layers: landlock, namespaces
observed: stopped
source: pysandbox, given up by its author in 2013 for this
"""

try:
    raise ValueError
except ValueError as error:
    frame = error.__traceback__.tb_frame
while frame.f_back is not None:
    frame = frame.f_back
names = frame.f_builtins
open_ = names["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
