"""Functions for JSON Schemas, and `ToolRegistration`, for those who build catalogues of tools.

Registries take pydantic models and dicts as they are; none of these need be called first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codemode.core import schema_check, schemas
from codemode.core.names import described
from codemode.core.registration import ToolRegistration, document, no_schema
from codemode.core.tool_shape import Shape, describe, shape_of

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "ToolRegistration",
    "dict_to_json_schema",
    "extract_description",
    "json_string_to_schema",
    "normalize_schema",
    "pydantic_to_json_schema",
    "schema_to_json_string",
]


def pydantic_to_json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of what a pydantic model accepts. Raises ``TypeError`` where ``model`` is not a model class."""
    if not schemas.is_model(model):
        raise TypeError(f"`model` must be a pydantic model class, not {described(model)}")
    return schemas.of_model(model, "validation")


def dict_to_json_schema(schema_dict: dict[str, Any]) -> dict[str, Any]:
    """Returns ``schema_dict``. Raises ``ValueError`` where it is no JSON Schema, naming the part that is wrong."""
    schema_check.check(schema_dict, "schema_dict")
    return schema_dict


def normalize_schema(schema: type[BaseModel] | dict[str, Any] | None) -> dict[str, Any] | None:
    """The JSON Schema of a model, a dict or None. Raises ``ValueError`` where it is something else."""
    if schema is None:
        return None
    if isinstance(schema, Mapping):
        return dict_to_json_schema(schema)
    if schemas.is_model(schema):
        return pydantic_to_json_schema(schema)
    raise no_schema("schema", schema)


def schema_to_json_string(schema: dict[str, Any] | None) -> str:
    """A schema as compact JSON text; empty where there is none."""
    return document(schema).decode()


def json_string_to_schema(json_str: str) -> dict[str, Any]:
    """The reverse of `schema_to_json_string`. Raises ``ValueError`` where the text is not a JSON object."""
    if not json_str.strip():
        return {}
    schema = json.loads(json_str)
    if not isinstance(schema, dict):
        raise ValueError(f"`json_str` must be a JSON object, not {described(schema)}")  # as json.loads
    return schema


def extract_description(tool: Any, override: str | None = None) -> str:
    """What programs would be told of ``tool``: as `ToolRegistration.description`, for any object."""
    try:
        shape = shape_of(tool)
    except ValueError:  # a class, or no tool at all: described all the same
        shape = Shape(tool, is_async=False)
    return describe(tool, shape, override)
