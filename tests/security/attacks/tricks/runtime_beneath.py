"""Looks for a runtime beneath this one: a browser's, Node's, WebAssembly's, and at last the C library's shell.

tries: leave an interpreter that is embedded in another, by its bridge or by native code
layers: seccomp, landlock, namespaces
observed: stopped
source: n8n CVE-2025-68668; pydantic-ai issue 2332 (mcp-run-python)
"""

import ctypes
import importlib
import sys

found = []
for name in ("js", "pyodide_js", "pyodide.code", "_pyodide", "_pyodide_core", "pyodide.ffi", "wasmtime", "browser"):
    try:
        found.append(importlib.import_module(name).__name__)
    except ImportError:
        continue
libc = ctypes.CDLL(None)
for name in ("emscripten_run_script", "emscripten_asm_const_int", "__wasm_call_ctors", "napi_create_function"):
    if hasattr(libc, name):
        found.append(name)
if sys.platform != "linux" or found:
    result = f"escaped: {sys.platform} with {found}"
else:
    status = libc.system(b"exit 7") >> 8
    result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
