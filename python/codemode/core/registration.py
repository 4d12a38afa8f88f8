"""One registered tool: everything that is computed once, so that a call only validates, calls and encodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codemode.core import arguments, schema_check, schemas, signature
from codemode.core.arguments import Arguments, Validator
from codemode.core.context import ToolContextRequirements
from codemode.core.names import check_name, described
from codemode.core.signature import EMPTY, Signature
from codemode.core.tool_shape import Shape, describe, shape_of
from codemode.tools.decorator import ToolMetadata, get_tool_metadata

if TYPE_CHECKING:
    from pydantic import BaseModel


class ToolRegistration:
    """A tool as the registry holds it. Not to be changed: programs may be using it.

    Attributes:
        name: Unique in its registry; empty where it was made by hand.
        tool: The object that was registered.
        description: What the program is told about it.
        is_async: Whether the program receives an awaitable.
        parameters: The names that positional arguments are mapped by.
        input_schema: JSON Schema of its arguments, where known.
        output_schema: JSON Schema of what it returns, where known.
        validate: Checks and converts arguments.
        shape: How it is called.
        context: The parameter that receives the `RuntimeContext`.
        requirements: What it needs of the runtime context.
        positional_only: The parameters that cannot be passed by keyword.
        hidden: The parameters that a program must not pass.
    """

    __slots__ = (
        "__weakref__",
        "context",
        "description",
        "hidden",
        "input_schema",
        "is_async",
        "name",
        "output_schema",
        "parameters",
        "positional_only",
        "requirements",
        "shape",
        "tool",
        "validate",
    )

    def __init__(
        self,
        tool: Any,
        input_schema: type[BaseModel] | Mapping[str, Any] | None = None,
        output_schema: type[BaseModel] | Mapping[str, Any] | None = None,
        description: str | None = None,
        *,
        name: str = "",
    ) -> None:
        """What is not given is taken from ``@tool`` where the tool is marked with it, else from the tool itself.

        Raises:
            ValueError: The tool or a schema cannot be used; the message says why.
        """
        marked = get_tool_metadata(tool) or ToolMetadata(name)
        if description is None:
            description = marked.description
        if description is not None and not isinstance(description, str):
            hint = "; pass schemas by name, input_schema=… and output_schema=…" if _like_schema(description) else ""
            raise ValueError(f"`description` must be a str, not {described(description)}{hint}")
        input_schema = input_schema if input_schema is not None else marked.input_schema
        output_schema = output_schema if output_schema is not None else marked.output_schema
        shape = shape_of(tool)
        taken = signature.read(shape)
        whole = _whole(taken, input_schema)
        schema, validate = _input(shape, taken, input_schema, whole)
        names = taken.positional
        if schema is not None and (not names or whole is not None):
            names = schemas.property_names(schema)
        self.name = name
        self.tool = tool
        self.description: str = describe(tool, shape, description)
        self.is_async: bool = shape.is_async
        self.parameters: tuple[str, ...] = names
        self.input_schema: Mapping[str, Any] | None = schema
        self.output_schema: Mapping[str, Any] | None = _output(taken, output_schema)
        self.validate: Validator = validate
        self.shape: Shape = shape
        self.context: str | None = taken.context
        self.requirements: ToolContextRequirements | None = _requirements(tool)
        self.positional_only: tuple[str, ...] = taken.positional_only
        self.hidden: frozenset[str] = taken.hidden

    def call(self, given: Arguments, context: Any) -> Any:
        """Checks the arguments and calls the tool. Returns what it returns: of an async tool, an awaitable."""
        self._refuse_hidden(given)
        if self.requirements is not None:
            self.requirements.validate(context or None)  # an execution without a context gives an empty one
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

    def checked(self, given: Arguments) -> Arguments:
        """The arguments as the tool would receive them. Raises where they do not fit; nothing is called."""
        self._refuse_hidden(given)
        return self.validate(given)

    def _refuse_hidden(self, given: Arguments) -> None:
        if not self.hidden.isdisjoint(given):
            raise arguments.refuse(
                [(name, "is not an argument") for name in self.hidden & given.keys()], names_only=True
            )

    def wire(self) -> tuple[str, str, tuple[str, ...], bool, bytes, bytes]:
        """The tool as `_codemode.ToolSet` takes it."""
        return (
            self.name,
            self.description,
            self.parameters,
            self.is_async,
            document(self.input_schema),
            document(self.output_schema),
        )

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        return f"ToolRegistration({name}{'async ' if self.is_async else ''}{type(self.tool).__name__})"


def register(name: str, tool: Any, description: str | None, input_schema: Any, output_schema: Any) -> ToolRegistration:
    """Makes the registration of ``tool``.

    Raises:
        ValueError: The name, the tool or a schema cannot be used; the message says which tool it is, and why.
    """
    check_name("tool", name)
    try:
        return ToolRegistration(tool, input_schema, output_schema, description, name=name)
    except ValueError as error:
        raise ValueError(f"tool `{name}`: {error}") from error


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
        if not validates:
            schema_check.check_input(schema, "input_schema" if given is not None else "args_schema")
        return schema, arguments.anything if validates else arguments.by_json_schema(schema)
    if schema is not None and given is not None:
        raise no_schema("input_schema", given)
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
        schema_check.check(given, "output_schema")
        return given
    raise no_schema("output_schema", given)


def no_schema(argument: str, given: Any) -> ValueError:
    """The exception for what is neither a pydantic model nor a dict."""
    is_instance = schemas.is_model(type(given))
    hint = f"; pass the class, `{type(given).__name__}`" if is_instance else ""
    return ValueError(f"`{argument}` must be a pydantic model or a JSON Schema dict, not {described(given)}{hint}")


def _like_schema(value: Any) -> bool:
    return isinstance(value, Mapping) or schemas.is_model(value)


def _requirements(tool: Any) -> ToolContextRequirements | None:
    requirements = getattr(tool, "context_requirements", None)
    return requirements if isinstance(requirements, ToolContextRequirements) else None


def document(schema: Mapping[str, Any] | None) -> bytes:
    """A schema as it is sent: compact JSON text, empty where there is none."""
    if not schema:
        return b""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"), default=str).encode()
