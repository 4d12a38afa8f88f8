"""A validator for the JSON Schemas that tools come with: those given as a dict rather than as a pydantic model.

Written here so that what is accepted does not depend on which packages are installed. It knows the keywords that tool
schemas use: type, enum, const, properties, required, additionalProperties, patternProperties, items, prefixItems,
the minima and maxima, pattern, multipleOf, uniqueItems, anyOf, oneOf, allOf, not, and local ``$ref``. Other keywords
(``format``, ``description``, …) are annotations, as the standard has it by default.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Problem = tuple[str, str]
"""The path of a value and what is wrong with it."""


class _CircularError(Exception):
    """A schema refers to itself without descending into the value: there is no answer, not even under ``not``."""

    def __init__(self, path: str, reference: str) -> None:
        self.problem = path, f"cannot be checked: the schema's `{reference}` refers to itself"
        super().__init__(*self.problem)


class _References:
    """What the ``$ref`` of one schema come to for the parts of one value, each found once.

    A part is known by its path and identity. Without this, a recursive schema with two alternatives would be checked
    2^n times against a value that is n deep.
    """

    def __init__(self, root: Any) -> None:
        self._root = root
        self._found: dict[tuple[str, int, str], list[Problem] | None] = {}  # None: it is being checked

    def check(self, reference: Any, value: Any, path: str) -> list[Problem]:
        target = resolve(reference, self._root)
        key = reference, id(value), path
        if key in self._found:
            problems = self._found[key]
            if problems is None:
                raise _CircularError(path, reference)
            return problems
        self._found[key] = None
        problems = list(_check(target, value, path, self))
        if len(problems) > 1:  # several references may have found the same
            problems = list(dict.fromkeys(problems))
        self._found[key] = problems
        return problems


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def validate(schema: Any, value: Any) -> list[Problem]:
    """Returns what is wrong with ``value``, which must be plain JSON data; nothing if it satisfies ``schema``.

    What cannot be checked does not satisfy it.
    """
    try:
        return list(_check(schema, value, "", _References(schema)))
    except _CircularError as error:
        return [error.problem]
    except RecursionError:
        return [("", "cannot be checked: the value is nested too deeply for its schema")]


def _check(schema: Any, value: Any, path: str, references: _References) -> Iterator[Problem]:
    if schema is True:
        return
    if schema is False:
        yield path, "is not allowed"
        return
    if not isinstance(schema, Mapping):
        raise ValueError(f"not a JSON Schema: {schema!r}")  # as documented
    if "$ref" in schema:
        yield from references.check(schema["$ref"], value, path)
    types = schema.get("type")
    if types is not None:
        names = [types] if isinstance(types, str) else list(types)
        if not any(_type_check(name)(value) for name in names):
            yield path, f"must be {' or '.join(names)}, not {_shown(value)}"
            return
    yield from _literal(schema, value, path)
    if isinstance(value, dict):
        yield from _object(schema, value, path, references)
    elif isinstance(value, list):
        yield from _array(schema, value, path, references)
    elif isinstance(value, str):
        yield from _bounds(schema, len(value), "minLength", "maxLength", path, " characters")
        if "pattern" in schema and not _matches(schema["pattern"], value):
            yield path, f"must match {schema['pattern']!r}"
    elif _is_number(value):
        yield from _number(schema, value, path)
    yield from _combined(schema, value, path, references)


def _literal(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Problem]:
    if "enum" in schema and not any(_equal(value, allowed) for allowed in schema["enum"]):
        yield path, f"must be one of {', '.join(map(_shown, schema['enum']))}, not {_shown(value)}"
    if "const" in schema and not _equal(value, schema["const"]):
        yield path, f"must be {_shown(schema['const'])}, not {_shown(value)}"


def _object(schema: Mapping[str, Any], value: dict[str, Any], path: str, references: _References) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if name not in value:
            yield join(path, name), "is required"
    properties = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        matching = [properties[name]] if name in properties else []
        matching += [part for pattern, part in patterns.items() if _matches(pattern, name)]
        if not matching and others is False:
            yield join(path, name), "is not an argument" if not path else "is not a known field"
        for part in matching or [others]:
            if part is not False or matching:
                yield from _check(part, item, join(path, name), references)
    yield from _bounds(schema, len(value), "minProperties", "maxProperties", path, " fields")


def _array(schema: Mapping[str, Any], value: list[Any], path: str, references: _References) -> Iterator[Problem]:
    prefix = schema.get("prefixItems", ())
    for index, item in enumerate(value):
        part = prefix[index] if index < len(prefix) else schema.get("items", True)
        yield from _check(part, item, join(path, index), references)
    yield from _bounds(schema, len(value), "minItems", "maxItems", path, " items")
    if schema.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
        yield path, "must not have equal items"


def _number(schema: Mapping[str, Any], value: int | float, path: str) -> Iterator[Problem]:
    yield from _bounds(schema, value, "minimum", "maximum", path, "")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield path, f"must be more than {schema['exclusiveMinimum']}, not {value}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield path, f"must be less than {schema['exclusiveMaximum']}, not {value}"
    step = schema.get("multipleOf")
    if step and abs(math.remainder(value, step)) > 1e-9 * abs(step):
        yield path, f"must be a multiple of {step}, not {value}"


def _bounds(
    schema: Mapping[str, Any], size: int | float, low: str, high: str, path: str, unit: str
) -> Iterator[Problem]:
    if low in schema and size < schema[low]:
        yield path, f"must have at least {schema[low]}{unit}" if unit else f"must be at least {schema[low]}, not {size}"
    if high in schema and size > schema[high]:
        yield path, f"must have at most {schema[high]}{unit}" if unit else f"must be at most {schema[high]}, not {size}"


def _combined(schema: Mapping[str, Any], value: Any, path: str, references: _References) -> Iterator[Problem]:
    for part in schema.get("allOf", ()):
        yield from _check(part, value, path, references)
    for keyword in ("anyOf", "oneOf"):
        if keyword not in schema:
            continue
        results = []
        for part in schema[keyword]:
            results.append(list(_check(part, value, path, references)))
            if keyword == "anyOf" and not results[-1]:
                break
        fitting = sum(not problems for problems in results)
        if fitting == 0:
            # Of several alternatives, the one that got furthest says most.
            reasons = dict.fromkeys(message for problems in results for where, message in problems if where == path)
            deeper = [problem for problems in results for problem in problems if problem[0] != path]
            yield from deeper[:1] if deeper else [(path, ", or ".join(reasons) or "fits no alternative")]
        elif keyword == "oneOf" and fitting > 1:
            yield path, "fits more than one alternative"
    if "not" in schema and not list(_check(schema["not"], value, path, references)):
        yield path, "is not allowed"


def resolve(reference: Any, root: Any) -> Any:
    """What a local ``$ref`` leads to. Raises ``ValueError`` where it is not local or leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise ValueError(f"a schema's $ref must be local (`#/…`), not {reference!r}")
    target = root
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            target = target[int(key)] if isinstance(target, list) else target[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"a schema's $ref leads nowhere: {reference!r}") from None
    return target


def _type_check(name: str) -> Callable[[Any], bool]:
    try:
        return TYPES[name]
    except (KeyError, TypeError):
        raise ValueError(f"not a JSON Schema type: {name!r}") from None


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # JavaScript's syntax has forms that Python's lacks: such a pattern is taken as a remark
        return True


def _equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def join(path: str, step: str | int) -> str:
    """The path of a part: ``rows[3].name``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def _shown(value: Any) -> str:
    names = {dict: "an object", list: "an array", type(None): "null"}
    if type(value) in names:
        return names[type(value)]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
