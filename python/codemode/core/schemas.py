"""JSON Schemas and validators from pydantic models and annotations. pydantic is imported here and only when called.

Called once for each tool, at registration, by `codemode.core.registration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard

from codemode.core.arguments import Validator, by_adapter
from codemode.core.signature import EMPTY, Signature

if TYPE_CHECKING:
    from pydantic import BaseModel

Schema = dict[str, Any]


def is_model(schema: Any) -> TypeGuard[type[BaseModel]]:
    """Whether ``schema`` is a pydantic model class. Does not import pydantic."""
    return isinstance(schema, type) and hasattr(schema, "model_validate") and hasattr(schema, "model_json_schema")


def of_model(model: type[BaseModel], mode: Any) -> Schema:
    """The model's JSON Schema. ``mode``: ``validation`` for what is passed in, ``serialization`` for what comes out."""
    return model.model_json_schema(mode=mode, schema_generator=_generator())


def of_return(annotation: Any) -> Schema | None:
    """The JSON Schema of a return annotation; None where it has none or says nothing."""
    if annotation is EMPTY or annotation is Any or annotation is None or annotation is type(None):
        return None
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(annotation).json_schema(mode="serialization", schema_generator=_generator()) or None
    except Exception:  # a type that pydantic has no schema for: the tool works, only its description is poorer
        return None


def of_parameters(signature: Signature) -> tuple[Schema, Validator] | None:
    """The JSON Schema and validator of annotated parameters; None where pydantic has no schema for an annotation."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.fields import FieldInfo
    from typing_extensions import NotRequired, Required, TypedDict

    fields: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        hint = (signature.hints or {}).get(name, Any)
        default = parameter.default
        if isinstance(default, FieldInfo):
            hint, default = Annotated[hint, _without_default(default)], _field_default(default)
            if default is not EMPTY:
                defaults[name] = default
        fields[name] = Required[hint] if default is EMPTY else NotRequired[hint]
    typed_dict: Any = TypedDict  # built from data: not the form that type checkers know
    arguments = typed_dict("arguments", fields)
    arguments.__pydantic_config__ = ConfigDict(
        extra="allow" if signature.open else "forbid", arbitrary_types_allowed=True
    )
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(arguments)
        schema = adapter.json_schema(schema_generator=_generator())
    except Exception:  # pydantic's own errors, and those of a type's custom schema
        return None
    _tidy(schema, signature)
    validate = by_adapter(adapter.validate_python)
    if not defaults:
        return schema, validate
    return schema, lambda arguments: {**defaults, **validate(arguments)}


def names_schema(signature: Signature) -> Schema:
    """The JSON Schema of parameters whose types are unknown."""
    required = [name for name, parameter in signature.parameters.items() if parameter.default is EMPTY]
    schema: Schema = {"type": "object", "properties": {name: {} for name in signature.parameters}}
    if required:
        schema["required"] = required
    schema["additionalProperties"] = signature.open
    _tidy(schema, signature)
    return schema


def _tidy(schema: Schema, signature: Signature) -> None:
    # Titles that only repeat the name cost an agent's context; defaults of parameters are worth having.
    schema.pop("title", None)
    for name, part in schema.get("properties", {}).items():
        if isinstance(part, dict):
            if part.get("title") == name.replace("_", " ").title():
                del part["title"]
            default = signature.parameters[name].default if name in signature.parameters else EMPTY
            if default is None or isinstance(default, (bool, int, float, str)):
                part.setdefault("default", default)


def _generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Lenient(GenerateJsonSchema):
        """Leaves open what JSON Schema cannot say, and does not warn about it."""

        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # as pydantic has it

        def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
            return {}

    return Lenient


def _field_default(field: Any) -> Any:
    return EMPTY if field.is_required() else field.get_default(call_default_factory=True)


def _without_default(field: Any) -> Any:
    from copy import copy

    from pydantic_core import PydanticUndefined

    bare = copy(field)
    bare.default, bare.default_factory = PydanticUndefined, None
    return bare


def property_names(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a schema's properties, in order; of one that is a reference into itself, those of what it names."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        # The schema of a model that contains itself.
        schema = schema.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    properties = schema.get("properties")
    return tuple(properties) if isinstance(properties, Mapping) else ()
