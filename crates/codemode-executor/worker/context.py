"""The program's global `context`: what the application lets it read of the caller, as a dict that cannot be changed.

To change it would be harmless, for tools are given the application's own; it would only mislead the program.
"""

from __future__ import annotations

from typing import Any, NoReturn


class ReadableContext(dict[str, Any]):
    """`context['tenant']`, and `context['variables']['tenant']` as in programs for the package before this one."""

    __slots__ = ()

    def __missing__(self, name: str) -> Any:
        if name == "variables":
            return self
        if name == "metadata":
            return ReadableContext()
        known = ", ".join(map(repr, self)) or "none"
        raise KeyError(f"the context has no readable variable {name!r} (it has: {known})")

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the context is the application's: a program can read it and not change it")

    __setitem__ = __delitem__ = __ior__ = _refuse  # type: ignore[assignment]
    clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]
