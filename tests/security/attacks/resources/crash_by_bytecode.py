"""Runs bytecode that no compiler makes.

tries: corrupt the interpreter's memory without any foreign library
layers: executor
observed: killed crash | failed SystemError | stopped | completed | killed system_call
runs: once
host: endures
source: CPython's own crashers, Lib/test/crashers/bogus_code_obj.py
"""


def plain():
    pass


plain.__code__ = plain.__code__.replace(co_code=b"\x64\x64" * 50, co_consts=())
plain()
result = "stopped: it ran without effect"
