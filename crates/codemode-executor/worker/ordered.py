"""Sets that asyncio iterates in order of insertion.

`asyncio.as_completed` and `asyncio.wait` put what they are given into a set and go through it: in the order of
addresses, which differs between two runs. So would the order in which coroutines start, and in which a program sees
what is done."""

from __future__ import annotations

import asyncio
import asyncio.tasks
from collections.abc import Iterable, Iterator
from typing import Any

_contains = set.__contains__
_iterate = set.__iter__


class InOrder(set[Any]):
    """A set in every other respect. Members that got in past `add` come last."""

    __slots__ = ("_order",)

    def __init__(self, members: Iterable[Any] = ()) -> None:
        self._order = dict.fromkeys(members)
        set.__init__(self, self._order)

    def add(self, member: Any) -> None:
        self._order[member] = None
        set.add(self, member)

    def __iter__(self) -> Iterator[Any]:
        order = self._order
        members = [member for member in order if _contains(self, member)]
        if len(members) < len(self):
            members += [member for member in _iterate(self) if member not in order]
        return iter(members)


InOrder.__name__ = InOrder.__qualname__ = "set"
InOrder.__module__ = "builtins"


def install() -> None:
    """In place of the builtin, for asyncio alone."""
    # Python 3.10 has no task groups.
    for module in (asyncio.tasks, getattr(asyncio, "taskgroups", asyncio.tasks)):
        module.set = InOrder  # type: ignore[attr-defined]
