"""`ToolError`: what a failed tool call raises in the program, and `ToolDenied` for one that was not allowed.

Where the tool's exception is, or derives from, a builtin one, the raised object is an instance of that as well, so that
`except ValueError` written for the tool works on it. The class is made once for each builtin type. The application's
traceback never gets here: a failure frame holds a type, a message and the builtin's name.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Collection
from difflib import get_close_matches as _close_matches
from typing import Any, Final

from . import values

_decode = json.JSONDecoder().decode


class ToolError(Exception):
    """A tool call failed: `tool` is its name, `type` the exception's type in the application, `message` its text."""

    def __init__(self, message: str = "", *, tool: str = "", type: str = "") -> None:
        Exception.__init__(self, message)  # Not the builtin's own: some take other arguments.
        self.message = message
        self.tool = tool
        self.type = type

    def __str__(self) -> str:
        if not self.tool:
            return str(self.message)
        return f"tool {self.tool!r} failed: {self.type}" + (f": {self.message}" if self.message else "")

    def __reduce__(self) -> tuple[Any, ...]:
        # Also an instance of a class made here can be pickled: as what it is everywhere, a ToolError.
        return _restore, (self.__dict__, isinstance(self, ToolDenied))


class ToolDenied(ToolError, PermissionError):
    """A tool call that was not allowed: the application's policy, or a person, said no, and the tool was not called."""

    def __str__(self) -> str:
        if not self.tool:
            return str(self.message)
        return f"tool {self.tool!r} was denied" + (f": {self.message}" if self.message else "")


# The program sees them as the builtins that they are to it: tracebacks say `ToolError: …`.
ToolError.__module__ = ToolDenied.__module__ = "builtins"
values.UnsendableValueError.__module__ = "builtins"
values.ValueTooLargeError.__module__ = "builtins"

# Python itself reacts to these: raised from a coroutine or a generator they would become a RuntimeError.
_NOT_MIXED: Final = (StopIteration, StopAsyncIteration)

_classes: dict[str, type[ToolError]] = {"": ToolError, "Exception": ToolError}
_builtins: Final = dict(vars(builtins))


def class_for(builtin: str) -> type[ToolError]:
    """The subclass of `ToolError` that is also `builtin`, or `ToolError` where there is none."""
    known = _classes.get(builtin)
    if known is None:
        known = _classes[builtin] = _mix(builtin)
    return known


def _mix(builtin: str) -> type[ToolError]:
    base = _builtins.get(builtin)
    if not isinstance(base, type) or not issubclass(base, Exception) or issubclass(base, _NOT_MIXED):
        return ToolError
    try:
        mixed = type("ToolError", (ToolError, base), {"__module__": "builtins", "__doc__": ToolError.__doc__})
        mixed("", tool="", type="")
    except Exception:  # a type that needs arguments of its own, as an exception group does
        return ToolError
    return mixed


def from_failure(tool: str, failure: bytes) -> ToolError:
    """The error for the content of a failure frame."""
    fields = _decode(failure.decode())
    return make(tool, str(fields["type"]), str(fields["message"]), str(fields["builtin"] or ""))


def make(tool: str, type: str, message: str, builtin: str) -> ToolError:
    kind = ToolDenied if type == "ToolDenied" and builtin == "PermissionError" else class_for(builtin)
    error = kind(message, tool=tool, type=type)
    if isinstance(error, (SyntaxError, ImportError)):
        error.msg = str(error)  # What tracebacks print for the first, and programs read of the second.
    return error


def unknown_tool(names: Collection[str], name: object, builtin: str) -> ToolError:
    """The error for a name that is no tool: also a KeyError, AttributeError or ImportError, as the case may be."""
    message = f"no tool named {name!r}"
    if not names:
        return class_for(builtin)(f"{message}: this execution has no tools")
    near = _close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    shown = "the one tool" if len(names) == 1 else f"all {len(names)} tools"
    return class_for(builtin)(f"{message}{hint} (tools['__list__'].run() shows {shown})")


def _restore(state: dict[str, Any], denied: bool) -> ToolError:
    error = ToolDenied() if denied else ToolError()
    error.__dict__.update(state)
    error.args = (error.message,)
    return error
