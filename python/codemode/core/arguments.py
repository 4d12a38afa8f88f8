"""Checks the arguments that a program passes to a tool, and converts them to what the tool expects.

A `Validator` is built once, at registration: from a pydantic model, a JSON Schema, the tool's annotations, or, where
there is none of these, its parameter names. What is wrong is raised as one exception with one line for each field; it
becomes the program's ``ToolError``. Missing and unknown names are a ``TypeError``, as in Python; wrong values are a
`ValidationError`, which the program sees as a ``ValueError``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codemode.core import json_schema
from codemode.core.errors import suggest
from codemode.core.json_schema import Problem, join

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic import ValidationError as PydanticError

Arguments = dict[str, Any]
Validator = Callable[[Arguments], Arguments]
"""Takes keyword arguments, returns those to call the tool with. Raises `TypeError` or `ValidationError`."""

_SHOWN = 60  # characters of a wrong value that a message quotes


class ValidationError(ValueError):
    """Arguments that do not satisfy the tool's schema, one line for each field."""


def refuse(problems: Sequence[Problem], *, names_only: bool) -> Exception:
    """The exception for ``problems``, which must not be empty."""
    lines: dict[str, list[str]] = {}
    for path, message in problems:
        lines.setdefault(path or "arguments", []).append(message)
    text = "\n".join(f"{path}: {', or '.join(dict.fromkeys(messages))}" for path, messages in lines.items())
    return TypeError(text) if names_only else ValidationError(text)


# === names only ===


def by_names(names: Sequence[str], required: Iterable[str], *, open_ended: bool) -> Validator:
    """A validator that knows only which arguments there are. ``open_ended``: others are passed on."""
    needed = tuple(required)

    def validate(arguments: Arguments) -> Arguments:
        problems = [(name, "is required") for name in needed if name not in arguments]
        if not open_ended:
            problems += unknown_names(arguments, names)
        if problems:
            raise refuse(problems, names_only=True)
        return arguments

    return validate


def anything(arguments: Arguments) -> Arguments:
    """The validator of a tool about whose arguments nothing is known."""
    return arguments


def unknown_names(arguments: Iterable[str], names: Sequence[str]) -> list[Problem]:
    """The arguments that the tool does not have."""
    return [(name, f"is not an argument{suggest(name, names)}") for name in arguments if name not in names]


# === JSON Schema ===


def by_json_schema(schema: Mapping[str, Any]) -> Validator:
    """A validator for a JSON Schema that was checked.

    The tool receives plain JSON data: a date as ISO 8601 text, a tuple as a list.
    """

    def validate(arguments: Arguments) -> Arguments:
        plain = _plain(arguments)
        problems = json_schema.validate(schema, plain)
        if problems:
            names_only = all(message in ("is required", "is not an argument") for _, message in problems)
            raise refuse(problems, names_only=names_only)
        return plain

    return validate


def _plain(arguments: Arguments) -> Arguments:
    from codemode._values import encode, to_json

    text = encode(arguments, root="arguments")
    if '"$"' not in text:  # no tags: it is JSON data already
        return arguments
    plain: Arguments = json.loads(to_json(text))
    return plain


# === pydantic ===


def by_model(model: type[BaseModel], accepted: Sequence[str] | None, whole: str | None) -> Validator:
    """A validator for a pydantic model.

    Args:
        model: Its fields are the arguments; nested models stay models.
        accepted: The names that the tool takes; a field outside it is passed only if the program gave it. None: any.
        whole: The tool's parameter that takes the model itself, where there is one.
    """
    from pydantic import ValidationError as PydanticError

    names = _input_names(model) if model.model_config.get("extra") is None else None

    def validate(arguments: Arguments) -> Arguments:
        unknown = unknown_names(arguments, names) if names is not None else []
        try:
            checked = model.model_validate(arguments)
        except PydanticError as error:
            raise from_pydantic(error, arguments, unknown) from None
        if unknown:
            raise refuse(unknown, names_only=True)
        if whole is not None:
            return {whole: checked}
        given = checked.model_fields_set
        fields = {
            name: getattr(checked, name)
            for name in type(checked).model_fields
            if accepted is None or name in accepted or name in given
        }
        return {**fields, **(checked.model_extra or {})}

    return validate


def by_adapter(validate_python: Callable[[Any], Any]) -> Validator:
    """A validator over a pydantic type adapter of the tool's parameters as a typed dict."""
    from pydantic import ValidationError as PydanticError

    def validate(arguments: Arguments) -> Arguments:
        try:
            checked: Arguments = validate_python(arguments)
        except PydanticError as error:
            raise from_pydantic(error, arguments, []) from None
        return checked

    return validate


def from_pydantic(error: PydanticError, arguments: Any, more: Sequence[Problem] = ()) -> Exception:
    """Pydantic's error as ours: one line for each field, alternatives of a union joined, no addresses.

    ``arguments``: what was validated; None where that is not known.
    """
    problems = list(more)
    names_only = True
    for detail in error.errors(include_url=False, include_context=False):
        kind = detail["type"]
        path = _path(detail["loc"], arguments)
        if kind == "missing":
            problems.append((path, "is required"))
        elif kind == "extra_forbidden":
            problems.append((path, "is not an argument"))
        else:
            names_only = False
            problems.append((path, _message(detail["msg"], detail["input"])))
    return refuse(problems, names_only=names_only)


def _path(location: Sequence[str | int], arguments: Any) -> str:
    # A location names the alternatives of unions too: only steps that exist in the input belong to the path, and the
    # last, which a missing field has of its own.
    path, value = "", arguments
    if arguments is None:
        for step in location:
            path = join(path, step)
        return path
    for index, step in enumerate(location):
        inside = (isinstance(value, Mapping) and step in value) or (
            isinstance(step, int) and isinstance(value, (list, tuple)) and step < len(value)
        )
        if inside:
            path, value = join(path, step), value[step]
        elif index == len(location) - 1 and isinstance(value, Mapping) and isinstance(step, str):
            path = join(path, step)
    return path


def _message(message: str, value: Any) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    text = text.replace("Input should be", "should be", 1)
    if value is None or isinstance(value, (str, int, float, bool)):
        shown = repr(value)
        text += f", not {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    return text


def _input_names(model: type[BaseModel]) -> list[str] | None:
    names: list[str] = []
    by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias
        if alias is not None and not isinstance(alias, str):
            return None
        if alias is not None:
            names.append(alias)
        if alias is None or by_name:
            names.append(name)
    return names
