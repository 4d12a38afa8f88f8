"""Finds what is marked with ``@tool`` in modules and objects, and makes registrations of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from codemode.core.names import described
from codemode.core.registration import ToolRegistration, register
from codemode.tools.decorator import ToolMetadata, get_tool_metadata


def registration_of(tool: Any) -> ToolRegistration:
    """The registration of a marked tool. Of a class, one instance is made.

    Raises:
        ValueError: It is not marked, cannot be used, or is a method without its object.
    """
    metadata = get_tool_metadata(tool)
    if metadata is None:
        raise ValueError(f"{described(tool)} is not marked with @tool; mark it, or call register_tool(name, tool)")
    if isinstance(tool, type):
        tool = _instance(tool, metadata)
    elif isinstance(tool, (staticmethod, classmethod)) or _lacks_object(tool):
        raise ValueError(
            f"tool `{metadata.name}`: `{_qualified(tool)}` is a method without its object; "
            "register it bound, or discover_tools(object)"
        )
    return register(metadata.name, tool, metadata.description, metadata.input_schema, metadata.output_schema)


def marked_tools(sources: Iterable[Any], known: Mapping[str, Any], *, again: bool) -> list[Any]:
    """What is marked in ``sources``, each once, without what is ``known`` already unless ``again``.

    Raises:
        ValueError: A source is None or a text, or two marked objects have the same name.
    """
    found: dict[str, Any] = {}
    for source in sources:
        if source is None or isinstance(source, (str, bytes)):
            raise ValueError(f"discover_tools takes modules and objects, not {described(source)}; import the module")
        for tool in _marked_in(source):
            metadata = get_tool_metadata(tool)
            assert metadata is not None  # as `_marked_in` has it
            name = metadata.name
            if name in found and not _same(found[name], tool):
                raise ValueError(
                    f"tool `{name}` is both `{_qualified(found[name])}` and `{_qualified(tool)}`; name one otherwise"
                )
            if again or name not in known or not _same(known[name], tool):
                found[name] = tool
    return list(found.values())


def _marked_in(source: Any) -> Iterator[Any]:
    if isinstance(source, ModuleType):
        yield from (value for value in list(vars(source).values()) if get_tool_metadata(value) is not None)
        return
    if isinstance(source, type):
        attributes = [(name, inspect.getattr_static(source, name)) for name in _names(source)]
        # Of a class, those that need no object.
        marked = [name for name, value in attributes if isinstance(value, (staticmethod, classmethod)) and _is(value)]
    else:
        marked = [name for name in _names(type(source)) if _is(inspect.getattr_static(type(source), name))]
        if get_tool_metadata(source) is not None:
            yield source
    if isinstance(source, type) and _is(source):
        yield source
    yield from (getattr(source, name) for name in marked)


def _names(cls: type) -> list[str]:
    # In the order of their definition, those of base classes first, each once.
    return list(dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base)))


def _is(value: Any) -> bool:
    return get_tool_metadata(value) is not None


def _same(one: Any, other: Any) -> bool:
    # Two accesses to a bound method give two objects. Of a marked class, what is registered is an instance.
    if inspect.ismethod(one) and inspect.ismethod(other):
        return one.__func__ is other.__func__ and one.__self__ is other.__self__
    return one is other or (isinstance(other, type) and type(one) is other)


def _instance(cls: type, metadata: ToolMetadata) -> Any:
    try:
        inspect.signature(cls).bind()
    except TypeError as error:
        raise ValueError(
            f"tool `{metadata.name}`: the class `{cls.__name__}` cannot be made without arguments ({error}); "
            f"register an instance, registry.register({cls.__name__}(…))"
        ) from None
    except ValueError:  # a class whose signature cannot be read: calling it tells
        pass
    return cls()


def _lacks_object(tool: Any) -> bool:
    # Functions defined in a class have its name before their own, and expect the object first.
    if not isinstance(tool, FunctionType):
        return False
    owner = tool.__qualname__.rpartition(".")[0]
    parameters = tool.__code__.co_varnames[: tool.__code__.co_argcount]
    return bool(owner) and not owner.endswith("<locals>") and parameters[:1] == ("self",)


def _qualified(tool: Any) -> str:
    function = tool.__func__ if isinstance(tool, (staticmethod, classmethod)) else tool
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"
