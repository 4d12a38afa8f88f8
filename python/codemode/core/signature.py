"""The parameters of a tool that a program may fill in, read once from its signature and annotations.

A program never fills in: a parameter annotated `RuntimeContext` (the dispatch does), what `functools.partial` has bound
by keyword, a parameter whose name begins with ``_`` and that has a default, or, of an agent's method, anything but its
input.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codemode.core.context import RuntimeContext
from codemode.core.tool_shape import Shape

EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Signature:
    """What a program may pass.

    Attributes:
        known: Whether the signature could be read; if not, anything is passed on.
        parameters: The parameters by name, in order.
        hints: Their resolved annotations; None where annotations do not resolve.
        returns: The resolved return annotation, or `EMPTY`.
        open: Further keyword arguments are accepted.
        context: The parameter that receives the `RuntimeContext`.
        hidden: The parameters that a program must not pass, the context's included.
    """

    known: bool
    parameters: Mapping[str, inspect.Parameter] = field(default_factory=dict)
    hints: Mapping[str, Any] | None = None
    returns: Any = EMPTY
    open: bool = True
    context: str | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def positional(self) -> tuple[str, ...]:
        """The names that positional arguments are mapped by."""
        keyword_only = inspect.Parameter.KEYWORD_ONLY
        return tuple(name for name, parameter in self.parameters.items() if parameter.kind is not keyword_only)

    @property
    def positional_only(self) -> tuple[str, ...]:
        """The names that cannot be passed by keyword."""
        kind = inspect.Parameter.POSITIONAL_ONLY
        return tuple(name for name, parameter in self.parameters.items() if parameter.kind is kind)


def read(shape: Shape) -> Signature:
    """Reads the signature of the shape's function. Never raises."""
    if shape.takes_mapping:
        return Signature(known=False)
    try:
        parameters = dict(inspect.signature(shape.function).parameters)
    except (ValueError, TypeError):
        return Signature(known=False)
    hints = _hints(shape.function)
    if shape.context_first and parameters:
        del parameters[next(iter(parameters))]
    kinds = inspect.Parameter
    open_ended = any(parameter.kind is kinds.VAR_KEYWORD for parameter in parameters.values())
    bound = _bound(shape.function)
    only = shape.only if shape.only in parameters else None
    context = None
    visible, hidden = {}, set(bound)
    for name, parameter in parameters.items():
        if parameter.kind in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL) or name in bound:
            continue
        if _is_context(parameter, hints, shape):
            context = name
            hidden.add(name)
        elif only is not None:
            if name == only:
                visible[name] = parameter
            else:
                hidden.add(name)
        elif name.startswith("_") and parameter.default is not EMPTY:
            hidden.add(name)
        else:
            visible[name] = parameter
    returns = hints.get("return", EMPTY) if hints is not None else EMPTY
    if only is not None:  # its annotations are the framework's, of any type: nothing to validate or to publish
        hints, returns, open_ended = None, EMPTY, False
    return Signature(True, visible, hints, returns, open_ended, context, frozenset(hidden))


def _hints(function: Any) -> Mapping[str, Any] | None:
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, type):
        function = function.__dict__.get("__init__", function)
    elif not inspect.isroutine(function):
        function = function.__call__
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # names that do not resolve, and whatever evaluating an annotation raises
        return None


def _bound(function: Any) -> frozenset[str]:
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names.update(function.keywords)
        function = function.func
    return frozenset(names)


def _is_context(parameter: inspect.Parameter, hints: Mapping[str, Any] | None, shape: Shape) -> bool:
    annotation = parameter.annotation if hints is None else hints.get(parameter.name, parameter.annotation)
    if annotation is RuntimeContext or RuntimeContext in typing.get_args(annotation):
        return True
    if isinstance(annotation, str):
        return "RuntimeContext" in annotation
    return shape.is_method and parameter.name == "context" and annotation is EMPTY
