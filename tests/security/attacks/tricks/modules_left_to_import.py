"""Leaves modules where an import may look for them, and looks for their marks in the next execution.

tries: have the runner, or another tenant's program, import code of its own
layers: worker_namespaces
observed: stopped
runs: once
host: in_a_row
source: found in a contest against pydantic-monty: a program wrote a module that its client imported
"""

import contextlib
import importlib
import os
import sys

NAMES = ("json", "dataclasses", "sqlite3", "codemode_planted", "sitecustomize", "usercustomize")
PLACES = {*sys.path, ".", "/tmp", os.path.dirname(os.__file__), os.path.expanduser("~"), sys.prefix}

if config["turn"] == "first":
    written = []
    for place in PLACES:
        for name in NAMES:
            path = f"{place or '.'}/{name}.py"
            with contextlib.suppress(OSError):
                with open(path, "x") as file:
                    file.write("PLANTED = True")
                written.append(path)
    result = f"left {written}"
else:
    sys.path += ["/tmp", "."]
    found = []
    for name in NAMES:
        sys.modules.pop(name, None)
        with contextlib.suppress(ImportError):
            if hasattr(importlib.import_module(name), "PLANTED"):
                found.append(name)
    result = f"escaped: {found} are planted" if found else "stopped: nothing that is imported is planted"
