"""Reads the frame of a coroutine, an async generator and an awaitable of a tool.

tries: reach globals by cr_frame, ag_frame and what awaits it
layers: landlock, namespaces
observed: stopped
source: simpleeval issue 138
"""


async def waiting():
    return own.cr_frame.f_back


async def generating():
    yield 1


own = waiting()
frame = await own
asking = generating()
names = asking.ag_frame.f_globals["__builtins__"]
while frame is not None:
    names, frame = frame.f_builtins, frame.f_back
open_ = (names if isinstance(names, dict) else vars(names))["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
