"""Searches every object that the garbage collector knows for the executor's key.

tries: find credentials in what the zygote made before it forked, the runner's objects included
layers: executor
observed: stopped
"""

import gc
import re

text = re.compile("-rekram-kmc"[::-1] + "[0-9a-f]{16}")
gc.unfreeze()
queue = [*gc.get_objects(), *gc.get_objects(generation=2)]
seen, found = set(), 0
while queue and len(seen) < 400000:
    item = queue.pop()
    if id(item) in seen:
        continue
    seen.add(id(item))
    if isinstance(item, str):
        found += bool(text.search(item))
    elif isinstance(item, (bytes, bytearray)):
        found += bool(text.search(bytes(item).decode("latin-1")))
    else:
        queue.extend(gc.get_referents(item))
result = f"escaped: the key is in {found} of {len(seen)} objects" if found else f"stopped: not in {len(seen)} objects"
