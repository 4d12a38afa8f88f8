"""The decorator ``@tool``: marks a function, a method or a class as a tool, with its name and schemas.

What is marked stays what it is: it is called as before, and an async function stays one. It becomes a tool when a
registry takes it, with ``registry.register`` or ``registry.discover_tools``.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from codemode.core.names import check_name, described

if TYPE_CHECKING:
    from pydantic import BaseModel

Marked = TypeVar("Marked", bound=Callable[..., Any])

_ATTRIBUTE = "__codemode_tool__"
_METHOD = "__codemode_method__"


@dataclass(frozen=True)
class ToolMetadata:
    """What ``@tool`` says of an object.

    Attributes:
        name: The tool's name.
        description: What programs are told about it; None: its own.
        input_schema: The schema of its arguments; None: its own.
        output_schema: The schema of what it returns; None: its own.
    """

    name: str
    description: str | None = None
    input_schema: type[BaseModel] | dict[str, Any] | None = None
    output_schema: type[BaseModel] | dict[str, Any] | None = None


# In order. Weak, for a tool may be made for each request, with what it captures; its entry goes when it does. Each use
# is one operation of the dict: there is no lock that a forked child could find taken.
_decorated: dict[int, Callable[[], Any]] = {}
_numbers = itertools.count()


@overload
def tool(name: Marked) -> Marked: ...


@overload
def tool(
    name: str | None = None,
    description: str | None = None,
    input_schema: type[BaseModel] | dict[str, Any] | None = None,
    output_schema: type[BaseModel] | dict[str, Any] | None = None,
) -> Callable[[Marked], Marked]: ...


def tool(
    name: Any = None,
    description: str | None = None,
    input_schema: type[BaseModel] | dict[str, Any] | None = None,
    output_schema: type[BaseModel] | dict[str, Any] | None = None,
) -> Any:
    """Marks a tool: ``@tool``, ``@tool()``, ``@tool("weather")`` or ``@tool(name="weather", description=…)``.

    Args:
        name: The tool's name. Default: the name of the function or class.
        description: What programs are told about it. Default: its ``description``, or its docstring's first line.
        input_schema: As of ``register_tool``. Default: from its annotations.
        output_schema: As of ``register_tool``. Default: from its annotations.

    Raises:
        ValueError: The name cannot be used.
        TypeError: The object cannot be marked.
    """
    if name is not None and not isinstance(name, str):
        return _mark(name, ToolMetadata(_name_of(name)))
    if name is not None:
        check_name("tool", name)

    def decorate(marked: Any) -> Any:
        metadata = ToolMetadata(
            name if name is not None else _name_of(marked), description, input_schema, output_schema
        )
        return _mark(marked, metadata)

    return decorate


def _mark(marked: Any, metadata: ToolMetadata) -> Any:
    # Of a classmethod, the function is what an instance's attribute leads to.
    method = isinstance(marked, (classmethod, staticmethod))
    target = marked.__func__ if method else marked
    try:
        setattr(target, _ATTRIBUTE, metadata)
        if method:
            setattr(target, _METHOD, marked)
    except (AttributeError, TypeError):
        raise TypeError(
            f"@tool cannot mark {described(marked)}, which takes no attributes; "
            f"register it with register_tool({metadata.name!r}, …)"
        ) from None
    number = next(_numbers)
    _decorated[number] = _reference(target, number, method=method)
    return marked


def _reference(target: Any, number: int, *, method: bool) -> Callable[[], Any]:
    try:
        # Called with the reference, which is then what `pop` returns where the list was emptied.
        found = weakref.ref(target, partial(_decorated.pop, number))
    except TypeError:  # an object with slots
        return lambda: getattr(target, _METHOD) if method else target
    # There are no references to a classmethod itself, so its function, which it lives as long as, holds it.
    return (lambda: getattr(found(), _METHOD, None)) if method else found


def _name_of(marked: Any) -> str:
    function = marked.__func__ if isinstance(marked, (classmethod, staticmethod)) else marked
    if not callable(function):
        raise TypeError(f"@tool marks a function, a method or a class, not {described(marked)}")
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise TypeError(f'@tool needs a name for {described(marked)}, which has none: @tool("…")')
    check_name("tool", name)
    return name


def is_tool(obj: Any) -> bool:
    """Whether ``obj`` is marked with ``@tool``, or is an instance of a class that is. A subclass is not."""
    return get_tool_metadata(obj) is not None


def get_tool_metadata(obj: Any) -> ToolMetadata | None:
    """What ``@tool`` says of ``obj``; None where it is not marked."""
    try:
        marked = obj.__func__ if isinstance(obj, (classmethod, staticmethod)) else obj
        # Not by getattr: some objects have every attribute that they are asked for, and a subclass is not marked.
        # A bound method has its function's attributes.
        own = vars(marked).get(_ATTRIBUTE) if hasattr(marked, "__dict__") else None
        found = own if own is not None or isinstance(marked, type) else vars(type(marked)).get(_ATTRIBUTE)
    except Exception:  # a proxy that is bound to nothing, as web frameworks have them, raises whatever it is asked
        return None
    return found if isinstance(found, ToolMetadata) else None


def get_decorated_tools() -> list[Any]:
    """Everything that ``@tool`` has marked in this process and that still exists, in order: a copy.

    Being in this list keeps nothing in existence.
    """
    marked = (found() for found in list(_decorated.values()))
    return [each for each in marked if each is not None]


def clear_decorated_tools() -> None:
    """Empties the list of `get_decorated_tools`. The objects stay marked, and registries keep their tools."""
    _decorated.clear()
