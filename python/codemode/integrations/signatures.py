"""How a tool is called, as one line of Python that a model reads: ``await tools['weather'].run(city: str) -> dict``.

Types come from the tool's JSON Schemas, written as Python annotations. A schema may be anything that an application or
a framework made: what is not understood is left out, and nothing here raises.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codemode.core.registration import ToolRegistration

MAX_CALL = 600
"""Characters of one call. A longer one is shown without its types: `__schema__` has them."""

_MAX_RETURNS = 200  # characters of the type of a tool's value
_MAX_DEFAULT = 40
_MAX_CHOICES = 12  # of an enumeration
_MAX_DEPTH = 3  # of objects within objects, and of references, which may be circular

_NAMES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def call_of(tool: ToolRegistration) -> str:
    """The call, with the parameters' types where the tool's schema has them."""
    types = _Types(tool.input_schema or {})
    schema = types.root
    properties = schema.get("properties")
    called = f"{'await ' if tool.is_async else ''}tools[{tool.name!r}].run"
    returns = _returns(tool.output_schema)
    if not isinstance(properties, Mapping):
        return f"{called}({', '.join(tool.parameters) or '…'}){returns}"
    required = schema.get("required")
    needed = set(required) if isinstance(required, (list, tuple)) else set()
    parameters = [
        f"{_parameter(name)}{_annotation(types.of(part))}{'' if name in needed else _default(part)}"
        for name, part in properties.items()
    ]
    if schema.get("additionalProperties") is True:
        parameters.append("**more")
    call = f"{called}({', '.join(parameters)}){returns}"
    if len(call) <= MAX_CALL:
        return call
    call = f"{called}({', '.join(map(_parameter, properties))})"
    return call if len(call) <= MAX_CALL else f"{called}(…)"


def _parameter(name: Any) -> str:
    text = str(name)
    usable = text.isidentifier() and not keyword.iskeyword(text)
    return text if usable else f"**{{{text!r}: …}}"  # such as `from`: it can only be passed in a dict


def _annotation(type_: str) -> str:
    return f": {type_}" if type_ else ""


def _default(schema: Any) -> str:
    if not isinstance(schema, Mapping) or "default" not in schema:
        return " = …"
    text = repr(schema["default"])
    return f" = {text}" if len(text) <= _MAX_DEFAULT else " = …"


def _returns(schema: Mapping[str, Any] | None) -> str:
    if not schema:
        return ""
    text = _Types(schema).of(schema)
    if len(text) > _MAX_RETURNS:
        text = {"object": "dict", "array": "list"}.get(str(schema.get("type")), "")
    return f" -> {text}" if text else ""


class _Types:
    """The Python annotations of one schema's parts.

    Attributes:
        root: The schema; where it is a reference to one of its definitions, as that of a model that contains itself,
            that definition.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._known: dict[tuple[str, int], str] = {}  # of references, which many parts may have
        referred = self._referred(str(schema["$ref"])) if "$ref" in schema else schema
        self.root = referred if isinstance(referred, Mapping) else schema

    def of(self, schema: Any, depth: int = 0) -> str:
        """The annotation; empty where the schema says nothing."""
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return ""
        if "$ref" in schema:
            reference = str(schema["$ref"]), depth
            if reference not in self._known:
                self._known[reference] = self.of(self._referred(reference[0]), depth + 1)
            return self._known[reference]
        if "const" in schema or "enum" in schema:
            return _choices(schema.get("enum", [schema.get("const")]))
        kind = schema.get("type")
        members = schema.get("anyOf", schema.get("oneOf", schema.get("allOf")))
        if members is None and isinstance(kind, (list, tuple)):
            members = [{**schema, "type": each} for each in kind]
        if isinstance(members, (list, tuple)):
            # All of several have no annotation; all of one is how references with a default are written.
            return "" if "allOf" in schema and len(members) > 1 else self._union(members, depth)
        return self._one(kind, schema, depth)

    def _one(self, kind: Any, schema: Mapping[str, Any], depth: int) -> str:
        if kind == "array":
            item = self.of(schema.get("items"), depth + 1)
            return f"list[{item}]" if item else "list"
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, depth)
        if kind == "string" and isinstance(schema.get("format"), str):
            return f"str[{schema['format']}]"
        return _NAMES.get(kind, "") if isinstance(kind, str) else ""

    def _object(self, schema: Mapping[str, Any], depth: int) -> str:
        properties = schema.get("properties")
        if isinstance(properties, Mapping) and properties and depth < _MAX_DEPTH:
            parts: list[str] = []
            size = 0
            for name, part in properties.items():
                parts.append(f"{name!r}: {self.of(part, depth + 1) or 'Any'}")
                size += len(parts[-1])
                if size > MAX_CALL:  # it will not be shown: what is built stays as small
                    return "dict"
            return f"{{{', '.join(parts)}}}"
        values = self.of(schema.get("additionalProperties"), depth + 1)
        return f"dict[str, {values}]" if values else "dict"

    def _union(self, schemas: Any, depth: int) -> str:
        members = dict.fromkeys(self.of(each, depth) for each in schemas)
        text = " | ".join(members) if all(members) else ""
        return text if len(text) <= MAX_CALL else ""

    def _referred(self, reference: str) -> Any:
        part: Any = self._schema
        for step in reference.removeprefix("#/").split("/"):
            part = part.get(step) if isinstance(part, Mapping) else None
        return part


def _choices(values: Any) -> str:
    if not isinstance(values, (list, tuple)) or not values:
        return ""
    shown = [repr(value) for value in values[:_MAX_CHOICES]]
    more = ", …" if len(values) > _MAX_CHOICES else ""
    return f"Literal[{', '.join(shown)}{more}]"
