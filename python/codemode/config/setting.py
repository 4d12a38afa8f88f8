"""What a setting is: the marks that a configuration's fields carry, and how its values are read.

A field says in its annotation which environment variable sets it, whether it is secret, and whether the thing that it
set is gone. `settings_of` lists them; the loader, ``codemode config`` and the reference page all work from that list.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticUndefined

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_SIZE = re.compile(r"([0-9]+)\s*([kmg]?i?)b?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@dataclass(frozen=True)
class Variable:
    """The environment variable that sets a field, and the flag of ``codemode serve`` that does."""

    name: str
    flag: str | None = None


@dataclass(frozen=True)
class Secret:
    """A value that is never shown."""


@dataclass(frozen=True)
class Gone:
    """What the field set no longer exists. The field is accepted and has no effect."""

    replacement: str


@dataclass(frozen=True)
class Setting:
    """One setting of a configuration.

    Attributes:
        path: The names that lead to it.
        field: What pydantic knows of it.
        variable: The environment variable that sets it.
        flag: The flag that sets it.
        secret: It is never shown.
        gone: What replaced it, where it has no effect any more.
    """

    path: tuple[str, ...]
    field: FieldInfo
    variable: str | None
    flag: str | None
    secret: bool
    gone: str | None

    @property
    def key(self) -> str:
        """The names with dots between."""
        return ".".join(self.path)

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.field.is_required()

    @property
    def default(self) -> Any:
        """The default, None where there is none."""
        value = self.field.get_default(call_default_factory=True, validated_data={})
        return None if value is PydanticUndefined else value

    @property
    def type_name(self) -> str:
        """Its type in a word: ``boolean``, ``integer``, ``size``, ``text``, ``choice``, ``list`` or ``mapping``."""
        if any(isinstance(mark, BeforeValidator) and mark.func is _size for mark in self.field.metadata):
            return "size"
        return _type_name(self.field.annotation)

    def bounds(self) -> tuple[Any, Any] | None:
        """The least and the greatest value, or lengths for text."""
        low = next((mark.ge for mark in self.field.metadata if isinstance(mark, Ge)), None)
        high = next((mark.le for mark in self.field.metadata if isinstance(mark, Le)), None)
        if low is None and high is None:
            low = next((mark.min_length for mark in self.field.metadata if isinstance(mark, MinLen)), None)
            high = next((mark.max_length for mark in self.field.metadata if isinstance(mark, MaxLen)), None)
        return None if low is None and high is None else (low, high)

    def choices(self) -> tuple[str, ...]:
        """The values of a choice."""
        for part in (self.field.annotation, *typing.get_args(self.field.annotation)):
            if typing.get_origin(part) is Literal:
                return typing.get_args(part)
        return ()


def settings_of(
    model: type[BaseModel], path: tuple[str, ...] = (), gone: str | None = None, secret: bool = False
) -> Iterator[Setting]:
    """The settings of a configuration and of its sections, in the order of their declaration."""
    for name, field in model.model_fields.items():
        marks = field.metadata
        replaced = next((mark.replacement for mark in marks if isinstance(mark, Gone)), gone)
        hidden = secret or any(isinstance(mark, Secret) for mark in marks)
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from settings_of(section, (*path, name), replaced, hidden)
            continue
        variable = next((mark for mark in marks if isinstance(mark, Variable)), None)
        yield Setting(
            (*path, name),
            field,
            variable.name if variable else None,
            variable.flag if variable else None,
            hidden,
            replaced,
        )


def variables_of(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """The environment variables of a configuration and the settings that they set."""
    return {setting.variable: setting.path for setting in settings_of(model) if setting.variable is not None}


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_type_name(part) for part in arguments if part is not type(None))
    if origin is list:
        return "list"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "mapping"
    return {bool: "boolean", int: "integer", str: "text"}.get(annotation, "choice")


# === values ===
#
# Files, variables and Python give values of different types; what is accepted is the same for all of them.


def _boolean(value: Any) -> bool:
    text = value.strip().lower() if isinstance(value, str) else str(value).lower() if isinstance(value, int) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise PydanticCustomError("bool_parsing", "must be true or false (or 1/0, yes/no, on/off)")


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,30}", value.strip()):
        return int(value)
    raise PydanticCustomError("int_parsing", "must be an integer")


def _size(value: Any) -> int:
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 30 else None
    if match is not None:
        return int(match.group(1)) * _UNITS[match.group(2).lower()] if match.group(2).lower() != "i" else _not_a_size()
    return _not_a_size() if isinstance(value, (bool, str)) else _integer(value)


def _not_a_size() -> int:
    raise PydanticCustomError("size_parsing", "must be a size such as 256MiB")


def _absent_where_empty(value: Any) -> Any:
    return None if value == "" else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _items(value: Any) -> Any:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


Boolean = Annotated[bool, BeforeValidator(_boolean)]
"""``true``, ``1``, ``yes``, ``on`` and their opposites in any case."""

Integer = Annotated[int, BeforeValidator(_integer)]
"""A number without a fraction, as a number or as digits."""

Size = Annotated[int, BeforeValidator(_size)]
"""Bytes, with a unit where one is given: ``256MiB``, ``512Mi``, ``1G``."""

OptionalText = Annotated[str | None, BeforeValidator(_absent_where_empty)]
"""Text, where an empty one is none."""

LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)]
"""A level of the standard library's logging, in any case."""

Items = Annotated[list[str], BeforeValidator(_items)]
"""A list of texts, or one text with commas between."""


def size(value: Any) -> int:
    """The bytes of ``512Mi``. Raises ValueError where it is no size."""
    try:
        return _size(value)
    except PydanticCustomError as error:
        raise ValueError(str(error)) from None
