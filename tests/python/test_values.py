"""The value codec: the shared vectors, what is sent as its data, what is refused and how it is named, round trips."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import enum
import itertools
import json
import sys
import types
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from time import thread_time
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemode._values import MAX_DIGITS, UnsendableValueError, ValueTooLargeError, decode, encode, to_json

VECTORS = json.loads((Path(__file__).parents[2] / "proto/codemode/v1/values.json").read_text("utf-8"))
HINT = (
    "(send its data instead: str, int, float, bool, None, list, dict, tuple, set, bytes, datetime, Decimal, UUID, "
    "a dataclass or a pydantic model)"
)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def evaluate(expression: str) -> Any:
    kinds: list[Any] = [date, datetime, time, timedelta, timezone, Decimal, UUID, nested]
    return eval(expression, {kind.__name__: kind for kind in kinds})


def same(one: Any, other: Any) -> bool:
    """Equal, of equal types all the way down, with NaN equal to itself and -0.0 not to 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, Decimal):
        return str(one) == str(other)
    if isinstance(one, (datetime, time)):
        return bool(one.replace(fold=0) == other) and one.utcoffset() == other.utcoffset()
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            same(key, other_key) and same(one[key], other[other_key]) for key, other_key in zip(one, other, strict=True)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


# === vectors ===


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["text"][:40])
def test_valid_text_stands_for_its_value(vector: dict[str, Any]) -> None:
    value = evaluate(vector["python"])
    assert same(decode(vector["text"]), value)
    assert to_json(vector["text"]) == vector["json"]
    json.loads(vector["json"])
    if vector.get("canonical", True):
        assert encode(value) == vector["text"]
    else:
        assert same(decode(encode(value)), value)


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["text"][:40])
def test_invalid_text_is_refused(vector: dict[str, str]) -> None:
    for read in (decode, to_json):
        with pytest.raises(ValueError, match=r"^not an encoded value: "):
            read(vector["text"])


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^not an encoded value: 'utf-8' codec can't decode byte 0xff"):
        decode(b'"\xff"')


def test_text_nested_past_the_stack_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^not an encoded value: nested deeper than 100 levels$"):
        decode("[" * 200_000 + "]" * 200_000)


# === sent as their data ===


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Order:
    id: int
    lines: list[Any]


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "wrong"


class Attributes(collections.abc.Mapping):  # type: ignore[type-arg]
    def __getitem__(self, key: str) -> int:
        return {"a": 1}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class Model:
    """As pydantic's models look from here."""

    model_fields: dict[str, Any] = {}  # noqa: RUF012

    def model_dump(self) -> dict[str, Any]:
        return {"when": date(2024, 1, 1)}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Colour.RED, '"red"'),
        (Level.HIGH, "3"),
        ({Colour.RED: 1}, '{"red":1}'),
        ({Level.HIGH: 1}, '{"$":["dict",[[3,1]]]}'),
        (Point(1, 2), '{"$":["tuple",[1,2]]}'),
        (Text("text"), '"text"'),
        ({Text("text"): 1}, '{"text":1}'),
        (collections.OrderedDict(a=1), '{"a":1}'),
        (collections.defaultdict(list, a=[1]), '{"a":[1]}'),
        (collections.Counter("aab"), '{"a":2,"b":1}'),
        (collections.deque([1, 2]), "[1,2]"),
        (range(3), "[0,1,2]"),
        ({"a": 1}.keys(), '["a"]'),
        ({"a": 1}.values(), "[1]"),
        ({"a": 1}.items(), '[{"$":["tuple",["a",1]]}]'),
        (bytearray(b"ab"), '{"$":["bytes","YWI="]}'),
        (memoryview(b"abcd")[::2], '{"$":["bytes","YWM="]}'),
        (types.MappingProxyType({"a": 1}), '{"a":1}'),
        (Attributes(), '{"a":1}'),
        (Order(1, [Order(2, [])]), '{"id":1,"lines":[{"id":2,"lines":[]}]}'),
        (Model(), '{"when":{"$":["date","2024-01-01"]}}'),
        ([float("nan")] * 2, '[{"$":["float","nan"]},{"$":["float","nan"]}]'),
        (
            datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Oslo")),
            '{"$":["datetime","2024-07-01T00:00:00+02:00"]}',
        ),
        ({"a": {"\ud800"}}, '{"a":{"$":["set",["\\ud800"]]}}'),
        ([[]] * 3, "[[],[],[]]"),
    ],
    ids=repr,
)
def test_value_is_sent_as_its_data(value: object, text: str) -> None:
    assert encode(value) == text


def test_numpy_values_are_sent_as_their_data() -> None:
    numpy = pytest.importorskip("numpy")
    assert encode(numpy.float32(1.5)) == "1.5"
    assert encode(numpy.int64(3)) == "3"
    assert encode(numpy.bool_(True)) == "true"
    assert encode({"m": numpy.arange(4).reshape(2, 2)}) == '{"m":[[0,1],[2,3]]}'
    assert encode(numpy.datetime64("2024-01-01T00:00:00", "ns")) == '{"$":["datetime","2024-01-01T00:00:00"]}'
    with pytest.raises(UnsendableValueError) as caught:
        encode(numpy)
    assert str(caught.value) == f"cannot send value: module is not a value {HINT}"


def test_pydantic_models_are_sent_as_their_data() -> None:
    pydantic = pytest.importorskip("pydantic")
    inner = pydantic.create_model("Inner", when=(date, ...))
    outer = pydantic.create_model("Outer", inner=(inner, ...), tags=(set[int], ...))
    value = outer(inner=inner(when=date(2024, 1, 1)), tags={1})
    assert encode([value]) == '[{"inner":{"when":{"$":["date","2024-01-01"]}},"tags":{"$":["set",[1]]}}]'


def test_integers_of_any_size_survive_the_digit_limit_of_the_interpreter() -> None:
    for value in (10**4299, 10**5000, -(10**9000) + 7, 3**40_000):
        assert decode(encode([value])) == [value]
        assert to_json(encode({"n": value, "t": (1,)})) == f'{{"n":{encode(value)},"t":[1]}}'
    with pytest.raises(UnsendableValueError) as caught:
        encode({"n": 10**MAX_DIGITS}, root="result")
    assert str(caught.value) == "cannot send result.n: an integer of more than 100000 digits"
    with pytest.raises(ValueError, match=r"^not an encoded value: an integer of more than 100000 digits$"):
        decode("1" * (MAX_DIGITS + 1))


# === refused ===


class Connection:
    pass


Connection.__module__ = "psycopg"


async def coroutine() -> None:
    """Never awaited."""


def cyclic() -> list[Any]:
    value: list[Any] = [1]
    value.append({"self": value})
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"rows": [1, 2, 3, {"conn": Connection()}]},
            f"cannot send result.rows[3].conn: psycopg.Connection is not a value {HINT}",
        ),
        (Connection(), f"cannot send result: psycopg.Connection is not a value {HINT}"),
        ({"a b": (1, {2: Connection()})}, f"cannot send result['a b'][1][2]: psycopg.Connection is not a value {HINT}"),
        ({Connection}, f"cannot send result{{member}}: type is not a value {HINT}"),
        ((_ for _ in ()), f"cannot send result: generator is not a value {HINT}"),
        ([json], f"cannot send result[0]: module is not a value {HINT}"),
        ([print], f"cannot send result[0]: builtin_function_or_method is not a value {HINT}"),
        (Order(1, [object()]), f"cannot send result.lines[0]: object is not a value {HINT}"),
        (Order, f"cannot send result: type is not a value {HINT}"),
        (cyclic(), "cannot send result[1].self: list contains itself"),
        (nested(101), f"cannot send result{'[0]' * 100}: nested deeper than 100 levels"),
        ({Colour.RED: 1, "red": 2}, 'cannot send result: two keys of dict are sent as "red"'),
    ],
)
def test_unsendable_value_is_named_by_its_path(value: object, message: str) -> None:
    with pytest.raises(UnsendableValueError) as caught:
        encode(value, root="result")
    assert str(caught.value) == message


def test_unsendable_key_is_named() -> None:
    with pytest.raises(UnsendableValueError) as caught:
        encode({"a": {Connection: 1}}, root="result")
    assert caught.value.path == "result.a{key <class 'psycopg.Connection'>}"
    assert caught.value.type_name == "type"


def test_coroutine_was_never_awaited() -> None:
    value = coroutine()
    with pytest.raises(UnsendableValueError) as caught:
        encode([value], root="result")
    value.close()
    assert str(caught.value) == (
        "cannot send result[0]: coroutine 'coroutine' was never awaited (write `await` before the call)"
    )


def test_future_was_never_awaited() -> None:
    async def main() -> str:
        with pytest.raises(UnsendableValueError) as caught:
            encode(asyncio.get_running_loop().create_future())
        return str(caught.value)

    assert asyncio.run(main()) == "cannot send value: Future was never awaited (write `await` before it)"


def test_value_over_the_limit_names_both_sizes() -> None:
    assert encode("x" * 98, limit=100) == '"' + "x" * 98 + '"'
    with pytest.raises(ValueTooLargeError) as caught:
        encode("x" * (20 << 20), limit=16 << 20, root="result")
    assert str(caught.value) == "cannot send result: value of 20 MiB exceeds the limit of 16 MiB"
    with pytest.raises(ValueTooLargeError) as caught:
        encode("é" * 60, limit=100)  # 62 characters, 122 bytes
    assert str(caught.value) == "cannot send value: value of 122 bytes exceeds the limit of 100 bytes"


@pytest.mark.parametrize("levels", [33, 34])
def test_tagged_levels_count_as_the_text_nests(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = (value,)
    if levels == 33:
        assert decode(encode(value)) == value
    else:
        with pytest.raises(UnsendableValueError):
            encode(value)


# === round trips ===

# A machine that is busy with something else is no failure.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

offsets = st.integers(-86399, 86399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.complex_numbers()
    | st.datetimes(timezones=st.none() | offsets)
    | st.dates()
    | st.times(timezones=st.none() | offsets)
    | st.timedeltas()
    | st.decimals().filter(lambda value: not value.is_snan())  # not hashable; a vector has one
    | st.uuids()
)
hashables = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4).map(tuple) | st.frozensets(inner, max_size=4), max_leaves=5
)
anything = st.recursive(
    scalars | hashables,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(max_size=3), inner, max_size=5)
        | st.dictionaries(hashables, inner, max_size=3)
        | st.sets(hashables, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=20,
)


@given(anything)
@patient
def test_value_survives_the_round_trip(value: object) -> None:
    text = encode(value)
    again = decode(text)
    assert type(again) is type(value)
    assert encode(again) == text or "set" in text  # Members that do not compare have no order to keep.
    if "set" not in text:
        assert same(again, value)
    json.loads(to_json(text))


json_texts = st.recursive(
    st.none() | st.text() | st.integers() | st.sampled_from(["$", "set", "tuple", "dict"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$", "a"]), inner),
).map(json.dumps)


clocks = st.from_regex(
    r"([01][0-9]|2[0-5]):[0-6][0-9]:[0-5][0-9](\.(000000|[0-9]{5,7}))?([+-](00|[0-2][0-9]):[0-5][0-9](:[0-5][0-9](\.[0-9]{6})?)?)?",
    fullmatch=True,
)
days = st.from_regex(r"[0-9]{4}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])", fullmatch=True)
contents = (
    clocks
    | days
    | st.tuples(days, clocks).map("T".join)
    | st.from_regex(r"-?[0-9]{0,9}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,5})?", fullmatch=True)
    | st.from_regex(r"-?s?(NaN[0-9]{0,3}|Infinity)|nan|-?inf", fullmatch=True)
    | st.from_regex(r"[A-Za-z0-9+/]{0,9}={0,3}", fullmatch=True)
    | st.uuids().map(str)
    | st.text(max_size=5)
)
tags = ["bytes", "float", "complex", "tuple", "set", "frozenset", "dict", "nope"]
tags += ["datetime", "date", "time", "timedelta", "decimal", "uuid"]
tagged_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | contents,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$", "a"]), inner)
        | st.tuples(st.sampled_from(tags), inner | contents | st.lists(inner, max_size=3)).map(lambda tag: {"$": tag})
        | st.lists(st.tuples(inner, inner), max_size=3).map(lambda pairs: {"$": ("dict", pairs)})
    ),
    max_leaves=12,
).map(json.dumps)


@given(st.text() | json_texts | tagged_texts)
@patient
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = decode(text)
    except ValueError as error:
        assert str(error).startswith("not an encoded value: ")
    else:
        written = encode(value)
        again = decode(written)
        assert same(again, value)
        assert encode(again) == written
        json.loads(to_json(written))


@pytest.mark.parametrize(
    "members",
    [
        [None, 1, "a", (1, 2), b"x"],
        [frozenset({1}), frozenset({2}), frozenset({1, 2}), frozenset({3, 4})],
        [float("nan"), 1.0, 0.5, -3.0],
        [(None, 1), (None, 2), ("a", None)],
        [date(2026, 1, 2), datetime(2026, 1, 1, tzinfo=timezone.utc)],
    ],
)
def test_text_of_a_set_does_not_depend_on_the_order_of_its_members(members: list[object]) -> None:
    """Two sets of equal members may iterate differently: by insertion where hashes collide, or by address."""
    texts = {_text_in_order(order) for order in itertools.permutations(members)}
    assert len(texts) == 1


def _text_in_order(members: Iterable[object]) -> str:
    class Ordered(frozenset):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[object]:
            return iter(list(members))

    return encode(Ordered(members))


def test_set_of_objects_hashed_by_address_has_one_text() -> None:
    @dataclasses.dataclass(eq=False)
    class Point:
        x: int

    texts = set()
    kept = []
    for _ in range(50):
        points = [Point(x) for x in range(8)]
        kept.append(points)
        texts.add(encode({*points, None}))
    assert len(texts) == 1


# === numbers with many digits ===


@pytest.mark.parametrize("limit", [640, 4_300, 0, 1_000_000])
def test_integers_are_bounded_whatever_the_interpreter_converts(limit: int) -> None:
    if not hasattr(sys, "set_int_max_str_digits"):
        pytest.skip("the interpreter has no limit of digits")
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(limit)
    try:
        for text in ("9" * 641, "-" + "7" * 5_000, "1" + "0" * (MAX_DIGITS - 1), "9" * MAX_DIGITS):
            assert encode(decode(text)) == text
        for text in ("1" * (MAX_DIGITS + 1), f'[{{"$":["tuple",[{"1" * (MAX_DIGITS + 1)}]]}}]'):
            with pytest.raises(ValueError, match=r"^not an encoded value: an integer of more than 100000 digits$"):
                decode(text)
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    "text", ["1E+999999999", "0E+2000", "0" * 600 + "1E+1500", "9" * (MAX_DIGITS + 1), "1E-" + "9" * 30]
)
def test_decimal_that_could_not_be_sent_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an encoded value: wrong content of tag 'decimal'$"):
        decode(json.dumps({"$": ["decimal", text]}))


# === time ===

PRIME = 2**61 - 1  # Integers have this modulus for a hash.


def tagged(name: str, members: Iterable[str]) -> str:
    return f'{{"$":["{name}",[{",".join(members)}]]}}'


def of_size(part: str) -> Iterator[str]:
    """As often as fits into 1 MiB."""
    return itertools.repeat(part, (1 << 20) // (len(part) + 1))


HOSTILE = {
    "brackets": lambda: "[" * (1 << 20),
    "brackets that close": lambda: f"[{','.join(of_size('[' * 90 + ']' * 90))}]",
    "brackets in strings": lambda: json.dumps(["[{" * 300] * 1_700),
    "empty lists": lambda: f"[{','.join(of_size('[]'))}]",
    "empty tags": lambda: f"[{','.join(of_size(tagged('set', ())))}]",
    "keys": lambda: json.dumps({str(number): 0 for number in range(80_000)}),
    "escapes": lambda: '["' + r"\u0024" * 170_000 + '"]',
    "long integers": lambda: f"[{','.join(of_size('7' * MAX_DIGITS))}]",
    "long decimals": lambda: tagged("set", (f'{{"$":["decimal","{number}{"7" * 99_000}"]}}' for number in range(10))),
    "members of one hash": lambda: tagged("set", (str(number * PRIME) for number in range(1, 45_000))),
    "keys of one hash": lambda: tagged("dict", (f"[{number * PRIME},0]" for number in range(1, 40_000))),
    "tuples of one hash": lambda: tagged("set", (tagged("tuple", (str(n * PRIME), "1")) for n in range(1, 20_000))),
    "small sets of one hash": lambda: (
        f"[{','.join(itertools.repeat(tagged('set', (str(n * PRIME) for n in range(1, 257))), 180))}]"
    ),
    "frozensets in frozensets": lambda: f"[{','.join(of_size(nested_tags('frozenset', 33)))}]",
    "tuples in tuples": lambda: f"[{','.join(of_size(nested_tags('tuple', 33)))}]",
    "tuples as members": lambda: f"[{','.join(of_size(tagged('set', [nested_tags('tuple', 32)])))}]",
    "base64": lambda: tagged("tuple", of_size('{"$":["bytes","AAAA"]}')),
}


def nested_tags(name: str, levels: int) -> str:
    text = tagged(name, ())
    for _ in range(levels - 1):
        text = tagged(name, (text,))
    return text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_or_refused_in_bounded_time(name: str) -> None:
    text = HOSTILE[name]()
    # Of this thread alone: how much else the machine does is of no account. About 0.03 s is usual for a MiB.
    started = thread_time()
    with contextlib.suppress(ValueError):
        to_json(text)
    assert thread_time() - started < 3
