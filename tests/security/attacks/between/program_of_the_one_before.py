"""Looks for the source, the configuration and the tools of the execution before.

tries: read another tenant's program
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import gc
import linecache
import sys

# Backwards, so that neither is found in this source: the execution's id, and what only the first one computed.
needles = ("tsrif-nrut", "40040000:terces")
texts = [repr(entry) for entry in linecache.cache.values() if entry]
frame = sys._getframe()
while frame is not None:
    texts += [repr(value)[:100_000] for name, value in frame.f_locals.items() if name != "texts"]
    frame = frame.f_back
texts += [value for item in gc.get_objects() if isinstance(item, dict) for value in item.values() if type(value) is str]
if config["turn"] == "first":
    kept = {"kept": "".join(("secret:", str(8008 * 5000)[::-1]))}
    result = 1
else:
    found = [word for word in needles if any(word in text[::-1] for text in texts)]
    result = f"escaped: {found}" if found else f"stopped: nothing in {len(texts)} texts"
