"""Asks the garbage collector for every object there is.

tries: find an open file, a client or a function that was hidden
layers: landlock, namespaces
observed: stopped
source: published for smolagents and others
"""

import gc
import io

files = [item for item in gc.get_objects() if isinstance(item, io.FileIO) and not item.closed]
scopes = [item for item in gc.get_referents(print.__self__) if isinstance(item, dict)]
open_ = scopes[0]["open"]

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
