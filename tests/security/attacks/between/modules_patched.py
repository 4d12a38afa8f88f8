"""Patches modules, classes and caches of the interpreter, and looks for the patches of the execution before.

tries: run code in another tenant's execution
layers: none
observed: stopped
runs: once
host: in_a_row
"""

import builtins
import json
import linecache
import os
import sys
import tempfile
import types

if config["turn"] == "first":
    sys.modules["planted"] = types.ModuleType("planted")
    sys.modules["json"].dumps = builtins.len = os.getcwd = lambda *_: "patched"
    type(tools).__getitem__ = lambda *_: "patched"
    sys.path.insert(0, "/tmp/planted")
    sys.meta_path.insert(0, object())
    tempfile.tempdir = "/planted"
    linecache.cache["planted"] = (1, None, ["x"], "planted")
    os.environ["PLANTED"] = "1"
    os.putenv("PLANTED", "1")
    os.umask(0)
    sys.setrecursionlimit(77)
    result = 1
else:
    signs = {
        "module": "planted" in sys.modules,
        "json": json.dumps([]) != "[]",
        "len": len("abc") != 3,
        "tools": type(tools).__getitem__(tools, "__list__") == "patched",
        "path": "/tmp/planted" in sys.path,
        "finder": any(type(finder) is object for finder in sys.meta_path),
        "tempdir": tempfile.tempdir is not None,
        "linecache": "planted" in linecache.cache,
        "environment": "PLANTED" in os.environ,
        "umask": os.umask(0o22) == 0,
        "recursion": sys.getrecursionlimit() == 77,
    }
    found = [name for name, sign in signs.items() if sign]
    result = f"escaped: {found}" if found else f"stopped: none of {len(signs)} patches is there"
