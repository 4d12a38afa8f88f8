"""Overwrites builtins and the modules that the runner uses, in all their places.

tries: make the runner call the program's functions
layers: none
observed: stopped | completed | killed crash
runs: once
host: application
source: dify CVE-2025-3466 (global functions overwritten before the sandbox begins)
"""

import asyncio
import builtins
import json
import sys


def taken(*_, **__):
    return "escaped: called by the runner"


real = sys.modules["io"].open.__self__ if hasattr(sys.modules["io"].open, "__self__") else builtins
for module in (builtins, real, json, json.encoder, asyncio):
    for name in ("len", "isinstance", "type", "str", "dumps", "loads", "encode_basestring", "c_make_encoder", "run"):
        if hasattr(module, name):
            setattr(module, name, taken)
sys.modules.clear()
result = "stopped: the value is what it was"
