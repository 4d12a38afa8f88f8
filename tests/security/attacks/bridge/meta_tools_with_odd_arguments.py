"""Gives the meta-tools arguments of odd types and sizes.

tries: learn of tools that the execution does not have, or break whoever answers
layers: executor
observed: stopped
runs: once
host: application
source: opencodemode 0.3: listing was not limited to the allowed tools
"""


class Odd(str):
    def lower(self):
        return [""]

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


seen = ""
for name in ("__list__", "__search__", "__schema__"):
    for arguments in ((), (None,), ("",), ("*",), (" " * 10000,), (Odd("add"),), ({},), ("add", "add"), (object(),)):
        try:
            seen += str(tools[name].run(*arguments))
        except (TypeError, LookupError, AttributeError, ValueError) as error:
            seen += str(error)
result = "escaped: a hidden tool is listed" if "delete_everything" in seen else "stopped: only its own tools are listed"
