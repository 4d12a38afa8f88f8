"""Checks that a dict is a JSON Schema, when a tool is registered: a mistake shows there, not in an agent's program.

Only what `json_schema` would trip over, or what is plainly a mistake, is refused: unknown keywords are annotations by
the standard, but a schema that has nothing else is the usual slip of writing the properties without ``properties``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from codemode.core.json_schema import TYPES, join, resolve
from codemode.core.names import described

_MAX_DEPTH = 100  # of nested schemas, as values: deeper is a dict that contains itself

_SCHEMAS_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SCHEMA = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_SCHEMAS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_OTHERS = ("type", "enum", "const", "required", "pattern", "format", "title", "description", "default", "examples")
_MORE = ("uniqueItems", "$ref", "$id", "$schema", "$comment", "$anchor", "deprecated", "readOnly", "writeOnly")
_RARE = ("unevaluatedProperties", "unevaluatedItems", "dependentRequired", "minContains", "maxContains", "nullable")
_KEYWORDS = frozenset((*_SCHEMAS_BY_NAME, *_SCHEMA, *_SCHEMAS, *_NUMBERS, *_SIZES, *_OTHERS, *_MORE, *_RARE))


def check_input(schema: Mapping[str, Any], argument: str) -> None:
    """As `check`, and ``schema`` must describe an object, as a tool's arguments are one."""
    check(schema, argument)
    kind = schema.get("type", "object")
    if kind != "object":
        raise ValueError(f"{argument}.type must be `object`, for it describes a tool's arguments, not `{kind}`")


def check(schema: Any, argument: str) -> None:
    """Raises ``ValueError`` where ``schema`` is no JSON Schema, naming the part and what is wrong with it.

    ``argument``: what the schema was passed as.
    """
    _check(schema, schema, argument, 0)


def _check(schema: Any, root: Any, path: str, depth: int) -> None:
    if isinstance(schema, bool) and depth:
        return
    if not isinstance(schema, Mapping):
        raise _wrong(path, f"must be a JSON Schema, an object, not {described(schema)}")
    if depth > _MAX_DEPTH:
        raise _wrong(path[:60] + "…", f"is nested more than {_MAX_DEPTH} schemas deep")
    _keywords(schema, path)
    _types(schema, path)
    _values(schema, path)
    if "$ref" in schema:
        resolve(schema["$ref"], root)
    for where, part in _parts(schema, path):
        _check(part, root, where, depth + 1)


def _parts(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for keyword in (keyword for keyword in _SCHEMAS_BY_NAME if keyword in schema):
        where = join(path, keyword)
        for name, part in _of(schema[keyword], Mapping, where, "an object").items():
            yield join(where, str(name)), part
    for keyword in (keyword for keyword in _SCHEMA if keyword in schema):
        yield join(path, keyword), schema[keyword]
    for keyword in (keyword for keyword in _SCHEMAS if keyword in schema):
        where = join(path, keyword)
        for index, part in enumerate(_of(schema[keyword], (list, tuple), where, "an array of schemas")):
            yield join(where, index), part


def _keywords(schema: Mapping[str, Any], path: str) -> None:
    for keyword in schema:
        if not isinstance(keyword, str):
            raise _wrong(path, f"must have str keys, not {described(keyword)}")
    if schema and _KEYWORDS.isdisjoint(schema):
        first = next(iter(schema))
        raise _wrong(
            path,
            f"has no keyword of JSON Schema, only {', '.join(f'`{keyword}`' for keyword in schema)}; "
            f"to describe fields write {{'type': 'object', 'properties': {{'{first}': …}}}}",
        )


def _types(schema: Mapping[str, Any], path: str) -> None:
    if "type" not in schema:
        return
    where, given = join(path, "type"), schema["type"]
    names: Iterable[Any] = given if isinstance(given, (list, tuple)) and given else (given,)
    for name in names:
        if not isinstance(name, str) or name not in TYPES:
            shown = f"`{name}`" if isinstance(name, str) else described(name)
            raise _wrong(where, f"must be one of {', '.join(TYPES)}, not {shown}")


def _values(schema: Mapping[str, Any], path: str) -> None:
    for keyword, kind, expected in (("enum", (list, tuple), "an array"), ("pattern", str, "a str")):
        if keyword in schema:
            _of(schema[keyword], kind, join(path, keyword), expected)
    if "required" in schema:
        where = join(path, "required")
        for name in _of(schema["required"], (list, tuple), where, "an array of names"):
            _of(name, str, where, "an array of names, each")
    for keywords, is_right, expected in (
        (_NUMBERS, _is_number, "a number"),
        (_SIZES, lambda value: _is_number(value) and value >= 0, "a number of 0 or more"),
    ):
        _each(schema, path, keywords, is_right, expected)


def _each(
    schema: Mapping[str, Any], path: str, keywords: Iterable[str], is_right: Callable[[Any], bool], expected: str
) -> None:
    for keyword in keywords:
        if keyword in schema and not is_right(schema[keyword]):
            raise _wrong(join(path, keyword), f"must be {expected}, not {described(schema[keyword])}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _of(value: Any, kind: Any, where: str, expected: str) -> Any:
    if not isinstance(value, kind):
        raise _wrong(where, f"must be {expected}, not {described(value)}")
    return value


def _wrong(path: str, message: str) -> ValueError:
    return ValueError(f"{path} {message}")
