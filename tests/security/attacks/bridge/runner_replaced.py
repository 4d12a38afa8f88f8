"""Replaces every function of the runner that it finds.

tries: change what is checked before a value leaves, in all places at once
layers: executor
observed: killed crash | killed protocol | timed_out | completed | stopped
runs: once
host: application
"""

import json
import os
import struct
import sys
import types

for name, module in list(sys.modules.items()):
    if name.startswith("codemode_worker"):
        for key, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType):
                setattr(module, key, lambda *_, **__: b"{}")
json.dumps = json.loads = os.write = struct.pack = None
result = {1, 2, 3}
