"""One registered tool: everything that is computed once, so that a call only validates, calls and encodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codemode.core import arguments, schemas, signature
from codemode.core.arguments import Arguments, Validator
from codemode.core.signature import EMPTY, Signature
from codemode.core.tool_shape import Shape, describe, shape_of

_MAX_NAME = 128  # characters, by the contract


@dataclass(frozen=True)
class ToolRegistration:
    """A tool as the registry holds it.

    Attributes:
        name: Unique in its registry.
        tool: The object that was registered.
        description: What the program is told about it.
        is_async: Whether the program receives an awaitable.
        parameters: The names that positional arguments are mapped by.
        input_schema: JSON Schema of its arguments, where known.
        output_schema: JSON Schema of what it returns, where known.
        validate: Checks and converts arguments.
        shape: How it is called.
        context: The parameter that receives the `RuntimeContext`.
        positional_only: The parameters that cannot be passed by keyword.
        hidden: The parameters that a program must not pass.
    """

    name: str
    tool: Any
    description: str
    is_async: bool
    parameters: tuple[str, ...]
    input_schema: Mapping[str, Any] | None
    output_schema: Mapping[str, Any] | None
    validate: Validator
    shape: Shape
    context: str | None
    positional_only: tuple[str, ...]
    hidden: frozenset[str]

    def call(self, given: Arguments, context: Any) -> Any:
        """Checks the arguments and calls the tool. Returns what it returns: of an async tool, an awaitable."""
        if not self.hidden.isdisjoint(given):
            raise arguments.refuse(
                [(name, "is not an argument") for name in self.hidden & given.keys()], names_only=True
            )
        checked = self.validate(given)
        function: Callable[..., Any] = self.shape.function
        if self.shape.takes_mapping:
            return function(checked)
        if self.context is not None:
            checked = {**checked, self.context: context}
        if self.shape.context_first:
            return function(context, **checked)
        if self.positional_only:
            rest = dict(checked)
            ordered = [rest.pop(name) for name in self.positional_only if name in rest]
            return function(*ordered, **rest)
        return function(**checked)

    def wire(self) -> tuple[str, str, tuple[str, ...], bool, bytes, bytes]:
        """The tool as `_codemode.ToolSet` takes it."""
        return (
            self.name,
            self.description,
            self.parameters,
            self.is_async,
            _document(self.input_schema),
            _document(self.output_schema),
        )


def register(name: str, tool: Any, description: str | None, input_schema: Any, output_schema: Any) -> ToolRegistration:
    """Makes the registration of ``tool``.

    Raises:
        ValueError: The name, the tool or a schema cannot be used; the message says why.
    """
    check_name(name)
    try:
        shape = shape_of(tool)
        taken = signature.read(shape)
        whole = _whole(taken, input_schema)
        schema, validate = _input(shape, taken, input_schema, whole)
        published = _output(taken, output_schema)
    except ValueError as error:
        raise ValueError(f"tool `{name}`: {error}") from error
    names = taken.positional
    if schema is not None and (not names or whole is not None):
        names = schemas.property_names(schema)
    return ToolRegistration(
        name=name,
        tool=tool,
        description=describe(tool, shape, description),
        is_async=shape.is_async,
        parameters=names,
        input_schema=schema,
        output_schema=published,
        validate=validate,
        shape=shape,
        context=taken.context,
        positional_only=taken.positional_only,
        hidden=taken.hidden,
    )


def check_name(name: Any) -> None:
    """Raises ``ValueError`` where ``name`` cannot be a tool's name, saying why."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a tool's name must be a non-empty str, not {name!r}")
    if name.startswith("__"):
        raise ValueError(f"tool name `{name}`: names that begin with `__` are reserved")
    if len(name) > _MAX_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(f"tool name {name!r}: at most {_MAX_NAME} printable characters, no space at either end")


def _input(shape: Shape, taken: Signature, given: Any, whole: str | None) -> tuple[Mapping[str, Any] | None, Validator]:
    schema = given if given is not None else shape.schema
    validates = given is None and shape.validates
    if schemas.is_model(schema):
        published = schemas.of_model(schema, "validation")
        if validates:
            return published, arguments.anything
        accepted = None if taken.open else tuple(taken.parameters)
        return published, arguments.by_model(schema, accepted, whole)
    if isinstance(schema, Mapping):
        return schema, arguments.anything if validates else arguments.by_json_schema(schema)
    if schema is not None and given is not None:
        raise ValueError(f"an input schema must be a pydantic model or a JSON Schema dict, not {schema!r}")
    if not taken.known:
        return None, arguments.anything
    hints = taken.hints or {}
    fields = any(type(parameter.default).__name__ == "FieldInfo" for parameter in taken.parameters.values())
    if fields or any(hints.get(name, Any) is not Any for name in taken.parameters):
        derived = schemas.of_parameters(taken)
        if derived is not None:
            return derived
    required = [name for name, parameter in taken.parameters.items() if parameter.default is EMPTY]
    by_names = arguments.by_names(tuple(taken.parameters), required, open_ended=taken.open)
    return schemas.names_schema(taken), by_names


def _whole(taken: Signature, model: Any) -> str | None:
    # `def weather(request: WeatherInput)`: the fields are the arguments, the model is what the function takes.
    if len(taken.parameters) != 1 or not schemas.is_model(model):
        return None
    (name,) = taken.parameters
    fields: Mapping[str, Any] = model.model_fields
    takes_it = (taken.hints or {}).get(name) is model and name not in fields
    return name if takes_it else None


def _output(taken: Signature, given: Any) -> Mapping[str, Any] | None:
    if given is None:
        return schemas.of_return(taken.returns)
    if schemas.is_model(given):
        return schemas.of_model(given, "serialization")
    if isinstance(given, Mapping):
        return given
    raise ValueError(f"an output schema must be a pydantic model or a JSON Schema dict, not {given!r}")


def _document(schema: Mapping[str, Any] | None) -> bytes:
    if not schema:
        return b""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"), default=str).encode()
