"""Walks frames, closures and the collector's objects for the runner's own.

tries: find the start frame, the channel and whatever else the worker holds
layers: none
observed: stopped
runs: once
host: application
"""

import gc
import sys

# Backwards, so that they are not found in this source: a hidden tool, a secret of the caller, the executor's key.
needles = ("gnihtyreve_eteled", "t3rc3s", "reraeB", "-mkc", "noitazirohtua")
names, texts = set(), []
frame = sys._getframe()
while frame is not None:
    names.add(frame.f_code.co_name)
    texts += [repr(value) for name, value in frame.f_locals.items() if name != "texts"]
    frame = frame.f_back
objects = [item for item in gc.get_objects() if type(item).__module__.startswith("codemode_worker")]
texts += [repr(each)[:100_000] for item in objects for each in gc.get_referents(item) if each is not texts]
found = [word for word in needles if any(word in text[::-1] for text in texts)]
result = f"escaped: {found}" if found else f"stopped: {len(objects)} objects of the runner, all of this execution"
