"""Looks for the variables of the caller that the application did not release.

tries: read a token of the caller's runtime context
layers: executor
observed: stopped
runs: once
host: application
"""

import gc
import sys

# Backwards, so that it is not found in this source.
needle = "rellac-eht-fo-t3rc3s"[::-1]


def texts():
    frame = sys._getframe()
    while frame is not None:
        yield from (str(value) for name, value in list(frame.f_locals.items()) if name != "needle")
        frame = frame.f_back
    for item in gc.get_objects():
        if isinstance(item, dict):
            yield from (value for value in list(item.values()) if isinstance(value, str) and value is not needle)


found = [text[:50] for text in texts() if needle in text]
seen = str(dict(context)) + str(config)
result = f"escaped: {found}" if found or needle in seen else f"stopped: it may read {sorted(context)}"
