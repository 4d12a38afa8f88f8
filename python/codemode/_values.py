"""The value codec: lossless JSON text between a program and the tools it calls (see "Values" in the proto).

One file, used twice: by the application as `codemode._values`, and in the jail as `codemode_worker.values`. So it
imports the standard library only, holds no state, and binds what it needs at import: a program that patches
`json` must not change what is sent.

`encode` writes a value, `decode` reads one, `to_json` turns an encoded value into a plain JSON document. A value whose
parts are all exact `str`, `int`, `float`, `bool`, `None`, `list` and `dict` goes through the C encoder in one call; the
rest is written by `_Writer`.

What a round trip does not keep: a time zone's name (its offset is kept), `fold`, the class of a subclass (its data is
sent), and the order of a set: it is sent sorted, where its members have an order, else by their texts. So equal sets
have one text, whatever addresses their members have."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import re
import sys
import time
import types
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, ItemsView, Iterable, KeysView, Mapping, ValuesView
from json.encoder import encode_basestring, encode_basestring_ascii
from operator import lt
from typing import Any, Final, NoReturn

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "UnsendableValueError", "ValueTooLargeError", "decode", "encode", "to_json"]

MAX_DEPTH: Final = 100
"""How deep `[` and `{` may nest in the encoded text. A tuple takes three levels, as its tag does in the text."""

MAX_DIGITS: Final = 100_000
"""Decimal digits of one number: conversion takes more than linear time, and a peer chooses the digits."""

MAX_EXPONENT: Final = 1_000
"""How far the exponent of a Decimal may reach beyond its digits: `1E+999999999` is a short text and a very long
integer, which pydantic computes for a field of type int."""

_KINDS: Final = "str, int, float, bool, None, list, dict, tuple, set, bytes, datetime, Decimal, UUID"
_HINT: Final = f"(send its data instead: {_KINDS}, a dataclass or a pydantic model)"


class UnsendableValueError(ValueError):
    """A value, or a part of one, that has no encoded form. `path` says where it is, `type_name` what it is."""

    def __init__(self, path: str, type_name: str, reason: str | None = None) -> None:
        self.path = path
        self.type_name = type_name
        self.reason = reason if reason is not None else f"{type_name} is not a value {_HINT}"
        super().__init__(path, type_name, self.reason)

    def __str__(self) -> str:
        return f"cannot send {self.path}: {self.reason}"


class ValueTooLargeError(ValueError):
    """An encoded value of `size` bytes where `limit` are allowed."""

    def __init__(self, path: str, size: int, limit: int) -> None:
        self.path = path
        self.size = size
        self.limit = limit
        super().__init__(path, size, limit)

    def __str__(self) -> str:
        sizes = f"value of {_size(self.size)} exceeds the limit of {_size(self.limit)}"
        return f"cannot send {self.path}: {sizes}"


class _Refused(Exception):
    """An `UnsendableValueError` on its way up: each container that it leaves puts its step before `steps`."""

    def __init__(self, type_name: str, reason: str | None = None) -> None:
        self.type_name = type_name
        self.reason = reason
        self.steps: list[str] = []


# === encode ===


def encode(value: object, *, root: str = "value", limit: int | None = None) -> str:
    """Returns `value` as encoded text. `root` is how errors name the value; `limit` is in bytes of UTF-8.

    Raises:
        UnsendableValueError: a part of `value` has no encoded form; the message names its path.
        ValueTooLargeError: the text is longer than `limit`.
    """
    text = _fast_text(value)
    if text is None:
        text = _write(value, root, tags=True)
    if limit is not None and len(text) * 3 > limit:
        # Only a text that could be over the limit pays for the exact count.
        size = len(text) if text.isascii() else len(text.encode())
        if size > limit:
            raise ValueTooLargeError(root, size, limit)
    return text


_SCALARS: Final = frozenset({str, int, bool, type(None), float})
_PLAIN: Final = _SCALARS | {list, dict}
_ONLY_STR: Final = frozenset({str})

try:
    # JSONEncoder.encode builds this object for each call, which costs more than encoding a small value.
    _c_encode: Any = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
        None, None, encode_basestring, None, ":", ",", False, False, False
    )
except TypeError:  # pragma: no cover - an interpreter whose json has no C encoder, or another signature
    _python_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)

    def _c_encode(value: object, _indent: int) -> tuple[str, ...]:
        return (_python_encode.encode(value),)


def _fast_text(value: object) -> str | None:
    """The text of a value made of plain parts only, or None where the writer must look at it."""
    if not _is_plain(value, 0):
        return None
    try:
        text = "".join(_c_encode(value, 0))
        if not text.isascii():
            text.encode()
    except ValueError:  # NaN, an infinity, an integer past CPython's digit limit, or a lone surrogate
        return None
    return text


def _is_plain(value: object, depth: int) -> bool:  # noqa: PLR0911 - a table of cases
    kind = type(value)
    members: Any
    if kind is list:
        members = value
    elif kind is dict:
        if not value:
            return depth < MAX_DEPTH
        if set(map(type, value)) != _ONLY_STR or "$" in value:  # type: ignore[call-overload,operator]
            return False
        members = value.values()  # type: ignore[attr-defined]
    else:
        return kind in _SCALARS
    if depth >= MAX_DEPTH:
        return False
    kinds = set(map(type, members))
    if kinds <= _SCALARS:
        return True
    if not kinds <= _PLAIN:
        return False
    depth += 1
    return all(_is_plain(member, depth) for member in members if type(member) is list or type(member) is dict)


def _write(value: object, root: str, *, tags: bool) -> str:
    try:
        try:
            text = _Writer(encode_basestring, tags).write(value, 0)
            text.encode()
        except UnicodeEncodeError:  # A lone surrogate: only an escape can carry it.
            text = _Writer(encode_basestring_ascii, tags).write(value, 0)
    except _Refused as refused:
        path = root + "".join(reversed(refused.steps))
        raise UnsendableValueError(path, refused.type_name, refused.reason) from None
    return text


class _Writer:
    """Writes any sendable value. `depth` counts the brackets that are open around what is written.

    With `tags` off it writes what `_plain` returns, where a key `$` has no meaning.
    """

    def __init__(self, string: Callable[[str], str], tags: bool) -> None:
        self.string = string
        self.tags = tags
        self.active: set[int] = set()
        # Subclasses join as they are met: deciding what one is takes a dozen checks.
        self.writers = _WRITERS.copy()

    def write(self, value: object, depth: int) -> str:
        kind = type(value)
        writer = self.writers.get(kind)
        if writer is None:
            writer = self.writers[kind] = _writer_of(value)
        return writer(self, value, depth)

    def tag(self, name: str, content: str, depth: int) -> str:
        if depth + 2 > MAX_DEPTH:
            raise _Refused(name, _TOO_DEEP)
        return f'{{"$":["{name}",{content}]}}'

    def enter(self, value: object, depth: int) -> None:
        """Notes a container that is being written, so that one which contains itself is found."""
        if id(value) in self.active:
            raise _Refused(_type_name(value), f"{_type_name(value)} contains itself")
        self.check(value, depth)
        self.active.add(id(value))

    def check(self, value: object, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _Refused(_type_name(value), _TOO_DEEP)

    # --- scalars ---

    def write_none(self, _value: None, _depth: int) -> str:
        return "null"

    def write_bool(self, value: bool, _depth: int) -> str:
        return "true" if value else "false"

    def write_str(self, value: str, _depth: int) -> str:
        return self.string(str.__str__(value))

    def write_int(self, value: int, _depth: int) -> str:
        try:
            return int.__repr__(value)
        except ValueError:
            return _digits_of(int.__int__(value))

    def write_float(self, value: float, depth: int) -> str:
        if math.isfinite(value):
            return float.__repr__(value)
        name = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        return self.tag("float", f'"{name}"', depth)

    def write_complex(self, value: complex, depth: int) -> str:
        self.check(value, depth + 3)
        parts = f"[{self.write_float(value.real, depth + 3)},{self.write_float(value.imag, depth + 3)}]"
        return self.tag("complex", parts, depth)

    def write_bytes(self, value: bytes | bytearray, depth: int) -> str:
        return self.tag("bytes", f'"{b64encode(value).decode()}"', depth)

    def write_memoryview(self, value: memoryview, depth: int) -> str:
        return self.write_bytes(value.tobytes(), depth)

    def write_datetime(self, value: datetime.datetime, depth: int) -> str:
        return self.tag("datetime", f'"{datetime.datetime.isoformat(value)}"', depth)

    def write_date(self, value: datetime.date, depth: int) -> str:
        return self.tag("date", f'"{datetime.date.isoformat(value)}"', depth)

    def write_time(self, value: datetime.time, depth: int) -> str:
        return self.tag("time", f'"{datetime.time.isoformat(value)}"', depth)

    def write_timedelta(self, value: datetime.timedelta, depth: int) -> str:
        self.check(value, depth + 3)
        return self.tag("timedelta", f"[{value.days},{value.seconds},{value.microseconds}]", depth)

    def write_decimal(self, value: decimal.Decimal, depth: int) -> str:
        text = decimal.Decimal.__str__(value)
        if _is_long(value, text):
            raise _Refused(
                "Decimal", f"a Decimal of more than {MAX_DIGITS} digits, or an exponent beyond {MAX_EXPONENT}"
            )
        return self.tag("decimal", f'"{text}"', depth)

    def write_uuid(self, value: uuid.UUID, depth: int) -> str:
        return self.tag("uuid", f'"{uuid.UUID.__str__(value)}"', depth)

    # --- containers ---

    def write_list(self, value: Iterable[object], depth: int) -> str:
        self.enter(value, depth + 1)
        text = self.array(value, depth + 1)
        self.active.discard(id(value))
        return text

    def write_tuple(self, value: tuple[object, ...], depth: int) -> str:
        self.enter(value, depth + 3)
        text = self.array(tuple.__iter__(value), depth + 3)
        self.active.discard(id(value))
        return self.tag("tuple", text, depth)

    def write_set(self, value: set[object] | frozenset[object], depth: int) -> str:
        self.check(value, depth + 3)
        ordered = _ordered(value)
        if ordered is not None:
            text = self.array(ordered, depth + 3, step="{member}")
        else:
            text = f"[{','.join(sorted(self.parts(value, depth + 3, '{member}')))}]"
        return self.tag("frozenset" if isinstance(value, frozenset) else "set", text, depth)

    def write_dict(self, value: Mapping[Any, object], depth: int, owner: object = None) -> str:
        holder = value if owner is None else owner
        self.enter(holder, depth + 1)
        keys = list(value)
        if set(map(type, keys)) <= _ONLY_STR and not (self.tags and keys == ["$"]):
            text = self.fields(value, keys, depth + 1)
        else:
            text = self.pairs(value, keys, depth)
        self.active.discard(id(holder))
        return text

    def array(self, members: Iterable[object], depth: int, step: str | None = None) -> str:
        if type(members) is list and set(map(type, members)) <= _SCALARS and self.string is encode_basestring:
            try:
                return "".join(_c_encode(members, 0))
            except ValueError:
                pass
        return f"[{','.join(self.parts(members, depth, step))}]"

    def parts(self, members: Iterable[object], depth: int, step: str | None) -> list[str]:
        parts: list[str] = []
        for member in members:
            try:
                parts.append(self.write(member, depth))
            except _Refused as refused:
                refused.steps.append(step or f"[{len(parts)}]")
                raise
        return parts

    def fields(self, value: Mapping[Any, object], keys: list[str], depth: int) -> str:
        parts: list[str] = []
        for key in keys:
            try:
                parts.append(f"{self.string(key)}:{self.write(value[key], depth)}")
            except _Refused as refused:
                refused.steps.append(_step(key))
                raise
        return f"{{{','.join(parts)}}}"

    def pairs(self, value: Mapping[Any, object], keys: list[Any], depth: int) -> str:
        """A dict with keys that are not exact `str`: an object if all are sent as strings, else a list of pairs."""
        written: dict[str, Any] = {}
        for key in keys:
            try:
                text = self.write(key, depth + 4)
            except _Refused as refused:
                refused.steps = [f"{{key {_short(key)}}}"]
                raise
            if text in written:
                raise _Refused(_type_name(value), f"two keys of {_type_name(value)} are sent as {_cut(text)}")
            written[text] = key
        is_object = all(text[0] == '"' for text in written) and not (self.tags and list(written) == ['"$"'])
        inner = depth + 1 if is_object else depth + 4
        self.check(value, inner)
        parts = []
        for text, key in written.items():
            try:
                member = self.write(value[key], inner)
            except _Refused as refused:
                refused.steps.append(_step(key))
                raise
            parts.append(f"{text}:{member}" if is_object else f"[{text},{member}]")
        joined = ",".join(parts)
        return f"{{{joined}}}" if is_object else self.tag("dict", f"[{joined}]", depth)

    # --- objects that are sent as their data ---

    def write_enum(self, value: enum.Enum, depth: int) -> str:
        return self.write(value.value, depth)

    def write_dataclass(self, value: Any, depth: int) -> str:
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return self.write_dict(fields, depth, owner=value)

    def write_pydantic(self, value: Any, depth: int) -> str:
        self.enter(value, depth)
        text = self.write(value.model_dump(), depth)
        self.active.discard(id(value))
        return text

    def write_numpy(self, value: Any, depth: int) -> str:
        kind = value.dtype.kind
        if kind in "mM":  # Nanoseconds would come out as a bare number.
            value = value.astype(f"{kind}8[us]")
        data = value.tolist()
        if type(data) is type(value):
            return self.refuse(value, depth)
        return self.write(data, depth)

    def refuse(self, value: object, _depth: int) -> str:
        reason = None
        if isinstance(value, types.CoroutineType):
            reason = f"coroutine '{value.__name__}' was never awaited (write `await` before the call)"
        elif _is_future(value):
            reason = f"{type(value).__name__} was never awaited (write `await` before it)"
        raise _Refused(_type_name(value), reason)


def _is_future(value: object) -> bool:
    return getattr(type(value), "_asyncio_future_blocking", None) is not None


_WRITERS: Final[dict[type, Callable[[_Writer, Any, int], str]]] = {
    type(None): _Writer.write_none,
    bool: _Writer.write_bool,
    str: _Writer.write_str,
    int: _Writer.write_int,
    float: _Writer.write_float,
    complex: _Writer.write_complex,
    bytes: _Writer.write_bytes,
    bytearray: _Writer.write_bytes,
    memoryview: _Writer.write_memoryview,
    datetime.datetime: _Writer.write_datetime,
    datetime.date: _Writer.write_date,
    datetime.time: _Writer.write_time,
    datetime.timedelta: _Writer.write_timedelta,
    decimal.Decimal: _Writer.write_decimal,
    uuid.UUID: _Writer.write_uuid,
    list: _Writer.write_list,
    range: _Writer.write_list,
    collections.deque: _Writer.write_list,
    KeysView: _Writer.write_list,
    ValuesView: _Writer.write_list,
    ItemsView: _Writer.write_list,
    tuple: _Writer.write_tuple,
    set: _Writer.write_set,
    frozenset: _Writer.write_set,
    dict: _Writer.write_dict,
    Mapping: _Writer.write_dict,
}
"""Exact types first; in this order `_writer_of` also tries them as base classes."""


def _writer_of(value: object) -> Callable[[_Writer, Any, int], str]:  # noqa: PLR0911 - a table of cases
    kind = type(value)
    package = str(getattr(kind, "__module__", "")).partition(".")[0]
    if isinstance(value, enum.Enum):
        return _Writer.write_enum
    if package == "pandas":  # Its Timestamp and NaT are datetimes by inheritance only.
        return _Writer.refuse
    if package == "numpy" and hasattr(kind, "tolist") and hasattr(kind, "dtype"):
        return _Writer.write_numpy
    if dataclasses.is_dataclass(kind):
        return _Writer.write_dataclass
    if hasattr(kind, "model_fields") and callable(getattr(kind, "model_dump", None)):
        return _Writer.write_pydantic
    for base, writer in _WRITERS.items():
        if isinstance(value, base):
            return writer
    return _Writer.refuse


_TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"


def _ordered(members: Collection[Any]) -> list[Any] | None:
    """Members of a set by their order, or None where they have none: sets compare as subsets, NaN with nothing."""
    try:
        ordered = sorted(members)
        if set(map(type, ordered)) <= _ONLY_STR or all(map(lt, ordered, ordered[1:])):
            return ordered
    except Exception:  # a member's own comparison may raise anything
        return None
    return None


def _type_name(value: object) -> str:
    kind = type(value)
    module, name = str(getattr(kind, "__module__", "")), str(getattr(kind, "__qualname__", "object"))
    return name if module in ("builtins", "__main__", "") else f"{module}.{name}"


def _step(key: object) -> str:
    return f".{key}" if type(key) is str and key.isidentifier() else f"[{_short(key)}]"


def _short(key: object) -> str:
    try:
        return _cut(repr(key))
    except Exception:  # a key's own repr may raise anything
        return _type_name(key)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _size(count: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{count} bytes"


# === integers of more digits than CPython converts (`sys.set_int_max_str_digits` is the application's to set) ===

# What every interpreter converts, however low its limit is set.
_CHUNK: Final = 640


def _digits_of(value: int) -> str:
    if value < 0:
        return f"-{_digits_of(-value)}"
    if value.bit_length() > MAX_DIGITS * 3.32 and value >= 10**MAX_DIGITS:
        raise _Refused("int", f"an integer of more than {MAX_DIGITS} digits")
    chunks: list[str] = []
    base = 10**_CHUNK
    while value >= base:
        value, low = divmod(value, base)
        chunks.append(f"{low:0{_CHUNK}d}")
    chunks.append(str(value))
    return "".join(reversed(chunks))


def _is_long(value: decimal.Decimal, text: str) -> bool:
    """Whether it stands for more digits than may be sent. `text`: the value as text."""
    if len(text) > MAX_DIGITS:
        return True
    return decimal.Decimal.is_finite(value) and abs(decimal.Decimal.adjusted(value)) > MAX_EXPONENT + len(text)


def _int_of(text: str) -> int:
    digits = text.lstrip("-")
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
    return -_joined(digits) if text.startswith("-") else _joined(digits)


def _joined(digits: str) -> int:
    """By halves: Python multiplies long numbers in less than quadratic time, and a peer may send many."""
    if len(digits) <= _CHUNK:
        return int(digits)
    low = len(digits) // 2
    return _joined(digits[:-low]) * int(10**low) + _joined(digits[-low:])


# === decode ===


def decode(text: str | bytes | bytearray) -> Any:
    """Returns the value of an encoded text.

    Raises:
        ValueError: not JSON, an unknown tag, wrong content of a tag, or nesting deeper than `MAX_DEPTH`.
    """
    try:
        if not isinstance(text, str):
            text = text.decode()
        # A tag's key can be spelled with an escape, too.
        tagged = '"$"' in text or "\\u0024" in text
        # Where nothing stops the interpreter at so many digits, we must.
        long = len(text) > MAX_DIGITS and not 0 < _digit_limit() <= MAX_DIGITS
        try:
            value = _DECODERS[tagged, long].decode(text)
        except ValueError as error:
            if "integer string conversion" not in str(error):  # CPython's digit limit: read such integers ourselves.
                raise
            value = _DECODERS[tagged, True].decode(text)
    except RecursionError:
        raise ValueError(f"not an encoded value: {_TOO_DEEP}") from None
    except ValueError as error:
        raise ValueError(f"not an encoded value: {error}") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(text):
        raise ValueError(f"not an encoded value: {_TOO_DEEP}")
    return value


# Interpreters before 3.10.7 have none.
_digit_limit: Final[Callable[[], int]] = getattr(sys, "get_int_max_str_digits", lambda: 0)

_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def _is_deeper(text: str) -> bool:
    """Whether the brackets of a valid JSON text nest deeper than allowed: one level is removed at a time."""
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    outside_strings = "".join(text.split('"')[::2])
    brackets = outside_strings.encode().translate(_BRACKETS, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _untag(value: dict[str, Any]) -> Any:
    if len(value) != 1 or "$" not in value:
        return value
    body = value["$"]
    if type(body) is not list or len(body) != 2 or type(body[0]) is not str:
        raise ValueError("a tag is not an array of a name and its content")
    name, content = body
    reader = _READERS.get(name)
    if reader is None:
        raise ValueError(f"unknown tag {_short(name)}")
    kind, read = reader
    if type(content) is not kind:
        raise ValueError(f"content of tag {name!r} is not {_JSON_NAMES[kind]}")
    try:
        return read(content)
    except (ValueError, TypeError, ArithmeticError):
        raise ValueError(f"wrong content of tag {name!r}") from None


def _matching(pattern: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of text in one form only: the standard library's readers accept more, and differently by version."""
    match = re.compile(pattern, re.ASCII).fullmatch

    def reader(text: str) -> Any:
        if match(text) is None:
            raise ValueError
        return read(text)

    return reader


def _read_bytes(text: str) -> bytes:
    data = b64decode(text, validate=True)
    if b64encode(data[len(data) // 3 * 3 :]).decode() != text[len(data) // 3 * 4 :]:
        raise ValueError  # Stray bits after the last byte: two texts would stand for one value.
    return data


def _read_complex(parts: list[Any]) -> complex:
    real, imag = parts
    if not {type(real), type(imag)} <= {int, float}:
        raise ValueError
    return complex(real, imag)


def _read_timedelta(parts: list[Any]) -> datetime.timedelta:
    days, seconds, microseconds = parts
    if set(map(type, parts)) != {int} or not (0 <= seconds < 86_400 and 0 <= microseconds < 1_000_000):
        raise ValueError
    return datetime.timedelta(days, seconds, microseconds)


def _read_decimal(text: str) -> decimal.Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueError
    value = decimal.Decimal(text)
    # Its own text decides, not that of a peer: what is read can be sent.
    if _is_long(value, decimal.Decimal.__str__(value)):
        raise ValueError
    return value


def _read_dict(pairs: list[Any]) -> dict[Any, Any]:
    if not set(map(type, pairs)) <= {list}:
        raise ValueError
    return dict(pairs) if len(pairs) <= _BATCH else _grown({}, pairs)


def _read_set(members: list[Any]) -> set[Any]:
    return set(members) if len(members) <= _BATCH else _grown(set(), members)


def _read_frozenset(members: list[Any]) -> frozenset[Any]:
    return frozenset(_read_set(members))


# Members that go into a set or a dict at once, and the processor time that they may take: 0.0002 ms each is usual.
# Hashes of numbers are not random, so a peer can choose members that are each compared with each other.
_BATCH: Final = 256
_BASE_TIME: Final = 0.002
_MEMBER_TIME: Final = 0.000_003


def _grown(container: Any, members: list[Any]) -> Any:
    """`container` with `members`, a batch at a time. Raises `ValueError` where they collide."""
    started = time.thread_time()
    for start in range(0, len(members), _BATCH):
        container.update(members[start : start + _BATCH])
        if time.thread_time() - started > _BASE_TIME + _MEMBER_TIME * (start + _BATCH):
            raise ValueError
    return container


_DATE: Final = r"\d{4}-\d\d-\d\d"
# Python's readers take hour 24, or an offset of 60 seconds, depending on the version.
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME: Final = rf"{_CLOCK}:[0-5]\d(?:\.\d{{6}})?(?:[+-]{_CLOCK}(?::[0-5]\d(?:\.\d{{6}})?)?)?"
_DECIMAL: Final = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?Infinity|-?s?NaN\d*"
_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_JSON_NAMES: Final[dict[type, str]] = {str: "a string", list: "an array"}

_READERS: Final[dict[str, tuple[type, Callable[[Any], Any]]]] = {
    "bytes": (str, _matching(r"[A-Za-z0-9+/]*={0,2}", _read_bytes)),
    "float": (str, _matching("nan|inf|-inf", _FLOATS.__getitem__)),
    "complex": (list, _read_complex),
    "tuple": (list, tuple),
    "set": (list, _read_set),
    "frozenset": (list, _read_frozenset),
    "datetime": (str, _matching(f"{_DATE}T{_TIME}", datetime.datetime.fromisoformat)),
    "date": (str, _matching(_DATE, datetime.date.fromisoformat)),
    "time": (str, _matching(_TIME, datetime.time.fromisoformat)),
    "timedelta": (list, _read_timedelta),
    "decimal": (str, _matching(_DECIMAL, _read_decimal)),
    "uuid": (str, _matching("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid.UUID)),
    "dict": (list, _read_dict),
}

# By whether there are tags, and whether integers are read by us.
_DECODERS: Final = {
    (False, False): json.JSONDecoder(parse_constant=_refuse_constant),
    (True, False): json.JSONDecoder(parse_constant=_refuse_constant, object_hook=_untag),
    (False, True): json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_int_of),
    (True, True): json.JSONDecoder(parse_constant=_refuse_constant, object_hook=_untag, parse_int=_int_of),
}


# === plain JSON ===


def to_json(text: str | bytes | bytearray) -> str:
    """Returns the plain JSON document of an encoded text: what any consumer of JSON can read, with types flattened.

    | value | plain JSON |
    |---|---|
    | datetime, date, time | ISO 8601 string |
    | timedelta | ISO 8601 duration string, `P1DT2H3.5S`, `-PT1S` |
    | bytes | base64 string |
    | Decimal, UUID | string: `"1.10"` keeps its digits |
    | tuple, set, frozenset | array; a set is sorted where its members can be compared |
    | complex | array of the real and the imaginary part |
    | NaN and the infinities | strings `"NaN"`, `"Infinity"`, `"-Infinity"` |
    | a key that is not a string | what `json.dumps` writes for a number, bool or None; else its plain form as text |

    Keys that become equal (`1` and `"1"`) keep the last member.

    Raises:
        ValueError: `text` is not an encoded value.
    """
    value = decode(text)
    plain = text if isinstance(text, str) else text.decode()
    if '"$"' not in plain and "\\u0024" not in plain:
        return plain
    return _write(_plain(value), "value", tags=False)


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a table of cases
    kind = type(value)
    if kind is dict:
        return {key if type(key) is str else _plain_key(key): _plain(member) for key, member in value.items()}
    if kind is list or kind is tuple:
        return [_plain(member) for member in value]
    if kind is set or kind is frozenset:
        ordered = _ordered(value)
        return [_plain(member) for member in (sorted(value, key=encode) if ordered is None else ordered)]
    if kind is float:
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if kind is bytes:
        return b64encode(value).decode()
    if kind is complex:
        return [_plain(value.real), _plain(value.imag)]
    if kind is datetime.timedelta:
        return _duration(value)
    if kind in (datetime.datetime, datetime.date, datetime.time):
        return value.isoformat()
    if kind is decimal.Decimal or kind is uuid.UUID:
        return str(value)
    return value


def _plain_key(key: Any) -> str:
    plain = _plain(key)
    return plain if type(plain) is str else _write(plain, "value", tags=False)


def _duration(value: datetime.timedelta) -> str:
    sign = "-" if value.days < 0 else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    return f"{sign}P{days}{'T' + time if time else ''}" if days or time else "PT0S"
