"""What a registered object is, as a tool: which of its callables runs, and how arguments and context reach it.

Called once for each tool, at registration. The first of these that the object has is taken: `run_with_context`;
`invoke` with an `args_schema` (LangChain's tools); `run` (CrewAI's tools and plain classes); `run_async`, `arun`;
`_run`; `kickoff`, `kickoff_async` (CrewAI's agents, crews and flows); `invoke`, `ainvoke` (LangChain's agents,
LangGraph's graphs); the object itself as a callable. Frameworks are recognised by shape and never imported.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_METHODS = ("run_with_context", "run", "run_async", "arun", "_run")

_ONE_INPUT = {"kickoff": "inputs", "kickoff_async": "inputs", "invoke": "input", "ainvoke": "input"}
"""How agents, teams and flows are run, and the parameter that is the program's. The others are the application's:
callbacks, checkpoints, configuration. Where there is no parameter of that name, the method is taken like any other."""


@dataclass(frozen=True)
class Shape:
    """How a tool is called.

    Attributes:
        function: What is called.
        is_async: Whether calling it returns an awaitable.
        takes_mapping: It takes one dict of the arguments (LangChain's `invoke`), not keyword arguments.
        context_first: The context is its first positional argument.
        is_method: It was found on an object: an unannotated parameter ``context`` then means the runtime context.
        only: The one parameter that a program may fill in, where the function has it.
        schema: The object's own `args_schema`, a pydantic model or a JSON Schema.
        validates: It checks its arguments against `schema` itself.
    """

    function: Callable[..., Any]
    is_async: bool
    takes_mapping: bool = False
    context_first: bool = False
    is_method: bool = False
    only: str | None = None
    schema: Any = None
    validates: bool = False


def shape_of(tool: Any) -> Shape:
    """Finds how ``tool`` is called.

    Raises:
        ValueError: It is None, a class whose instances are the tools, or nothing that can be called.
    """
    if tool is None:
        raise ValueError("`tool` must be a function or an object with `run`, not None")
    if isinstance(tool, type):
        if any(callable(getattr(tool, method, None)) for method in (*_METHODS, *_ONE_INPUT)):
            raise ValueError(f"`{tool.__name__}` is a class: register an instance of it, `{tool.__name__}(…)`")
        return Shape(tool, is_async=False)
    if inspect.isroutine(tool) or isinstance(tool, functools.partial):
        return Shape(tool, is_async=_is_async(tool))

    schema = getattr(tool, "args_schema", None)
    context_aware = _method(tool, "run_with_context")
    if context_aware is not None:
        return Shape(context_aware, _is_async(context_aware), context_first=True, is_method=True, schema=schema)
    invoke, ainvoke = _method(tool, "invoke"), _method(tool, "ainvoke")
    if invoke is not None and ainvoke is not None and hasattr(tool, "args_schema"):
        # A StructuredTool made from a coroutine function has no `func`: its `invoke` only raises.
        only_async = getattr(tool, "func", True) is None and getattr(tool, "coroutine", None) is not None
        return Shape(
            ainvoke if only_async else invoke,
            is_async=only_async,
            takes_mapping=True,
            is_method=True,
            schema=getattr(tool, "tool_call_schema", None) or schema,
            validates=True,
        )
    named = _named(tool, schema)
    if named is not None:
        return named
    if callable(tool):
        return Shape(tool, _is_async(tool), schema=schema)
    raise ValueError(
        "`tool` must be callable or have run, run_async, arun, run_with_context, _run, kickoff or invoke: "
        f"{type(tool).__name__} has none of them"
    )


def _named(tool: Any, schema: Any) -> Shape | None:
    """The first of the methods that `tool` has, by name."""
    arun = _method(tool, "arun")
    if schema is not None and arun is not None and inspect.iscoroutinefunction(getattr(tool, "func", None)):
        # CrewAI's tool of a coroutine function: its `run` would run it in a loop of its own.
        return Shape(arun, is_async=True, is_method=True, schema=schema)
    for name in (*_METHODS[1:], *_ONE_INPUT):
        method = _method(tool, name)
        if method is not None:
            only = _ONE_INPUT.get(name)
            return Shape(method, _is_async(method), is_method=True, only=only, schema=schema if only is None else None)
    return None


def describe(tool: Any, shape: Shape, override: str | None) -> str:
    """The tool's description: the override, else its `description`, else the first line of its docstring."""
    if override is not None:
        return override
    described = getattr(tool, "description", None)
    if isinstance(described, str) and described.strip():
        return described.strip()
    function = tool.func if isinstance(tool, functools.partial) else tool
    is_function = inspect.isroutine(function) or isinstance(function, type)
    candidates = (function,) if is_function else (type(tool), shape.function)
    for candidate in candidates:
        text = inspect.cleandoc(candidate.__doc__ or "") if isinstance(candidate.__doc__, str) else ""
        if text:
            return text.splitlines()[0].strip()
    return ""


def _method(tool: Any, name: str) -> Callable[..., Any] | None:
    method = getattr(tool, name, None)
    return method if callable(method) else None


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.iscoroutinefunction(function):
        return True
    if inspect.isroutine(function) or isinstance(function, type):
        return False
    return inspect.iscoroutinefunction(getattr(type(function), "__call__", None))  # noqa: B004  # its kind is asked for
