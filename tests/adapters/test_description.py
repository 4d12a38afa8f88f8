"""What a model reads about the tool. Needs no framework."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from codemode import Codemode, ComponentRegistry, RuntimeContext
from codemode.integrations.description import (
    GUIDE,
    MAX_NAMES_SIZE,
    MAX_SIGNATURES,
    MAX_SIGNATURES_SIZE,
    compose,
    describe,
)
from codemode.integrations.signatures import MAX_CALL, call_of


def tools(registry: ComponentRegistry) -> str:
    """The part of the description that is about the tools."""
    return describe(registry.get_tool_registrations().values()).removeprefix(f"{GUIDE}\n\n")


def call(tool: Any, **options: Any) -> str:
    """How ``tool`` is called."""
    registry = ComponentRegistry()
    registry.register_tool("it", tool, **options)
    return call_of(registry.get_tool_registrations()["it"])


def test_the_guide() -> None:
    assert GUIDE == (
        "Execute Python code that calls tools. Send one complete program that does the whole job: loop, filter and "
        "compute in it, rather than running one call at a time.\n"
        "\n"
        "Result\n"
        "- Assign what you want back to the variable `result`: data such as dicts, lists, strings and numbers. It is "
        "returned as JSON. Without a `result`, the value of the last expression is returned.\n"
        "- What the program prints is returned only when there is no result or when the program fails.\n"
        "\n"
        "Calling tools\n"
        "- `tools['name'].run(argument=value)` calls a tool and returns its value. Pass arguments by name.\n"
        "- A tool that is shown with `await` must be awaited: `value = await tools['name'].run(argument=value)`. "
        "`await` works at the top level of the program; `asyncio.run` works too.\n"
        "- Calls that do not depend on each other can run at the same time; any tool has `run_async`: "
        "`a, b = await asyncio.gather(tools['x'].run_async(…), tools['y'].run_async(…))`, after `import asyncio`.\n"
        "- A call that fails raises `ToolError`, with `tool`, `type` and `message`. Catch it where the program can go "
        "on.\n"
        "- `config` and `context` are mappings of what the application lets programs read; they may be empty.\n"
        "\n"
        "Looking tools up\n"
        "- `tools['__search__'].run(query='words')` finds tools by name and description.\n"
        "- `tools['__schema__'].run(name='name')` returns the JSON Schemas of a tool's arguments and value.\n"
        "- `tools['__list__'].run()` lists all tools.\n"
        "\n"
        "Limits\n"
        "- The standard library can be imported. There is no network, and files are kept in a scratch directory "
        "only.\n"
        "- Each program starts afresh: variables and files of earlier programs are gone; what their tool calls "
        "changed stays."
    )


def test_what_the_guide_says_is_so(codemode: Codemode) -> None:
    async def later(x: int) -> int:
        return x + 1

    def now(x: int) -> int:
        return x + 1

    codemode.registry.register_tool("later", later, description="Adds one, later.")
    codemode.registry.register_tool("now", now, description="Adds one.")
    program = """
import asyncio, json, pathlib, socket
a = tools['now'].run(x=1)
b = await tools['later'].run(x=1)
c, d = await asyncio.gather(tools['now'].run_async(x=2), tools['later'].run_async(x=3))
try:
    tools['now'].run(y=1)
except ToolError as error:
    failed = error.tool, error.type, bool(error.message)
try:
    socket.create_connection(('127.0.0.1', 80), 1)
    network = True
except OSError:
    network = False
path = pathlib.Path('note.txt')
path.write_text('x')
result = {
    'values': [a, b, c, d], 'failed': failed, 'network': network, 'file': path.read_text(),
    'search': [found['name'] for found in tools['__search__'].run(query='later')['matches']],
    'schema': tools['__schema__'].run(name='now')['input_schema']['required'],
    'list': [listed['name'] for listed in tools['__list__'].run()['tools']],
    'mappings': [len(config), config.get('none')],
}
"""
    assert codemode.run(program).value == {
        "values": [2, 2, 3, 4],
        "failed": ("now", "TypeError", True),
        "network": False,
        "file": "x",
        "search": ["later"],
        "schema": ["x"],
        "list": ["later", "now"],
        "mappings": [0, None],
    }
    assert codemode.execute("import asyncio\nresult = asyncio.run(tools['later'].run_async(x=1))") == "2"
    assert codemode.execute("import pathlib; pathlib.Path('note.txt').exists()") == "false"


def test_tools_are_shown_as_they_are_called() -> None:
    def refund(order: int, amount: float, reason: Literal["late", "lost"] = "late", note: str | None = None) -> bool:
        """Refunds an order.

        More about it.
        """
        return True

    async def weather(city: str, *, _cache: Any = None, context: RuntimeContext | None = None) -> dict[str, float]:
        """The weather."""
        return {}

    registry = ComponentRegistry()
    registry.register_tool("refund", refund)
    registry.register_tool("the weather's", weather, description="The  weather,\nin\tall places: " + "and " * 80)
    registry.register_tool("quiet", lambda: None)
    assert tools(registry) == (
        "Tools\n"
        "- tools['refund'].run(order: int, amount: float, reason: Literal['late', 'lost'] = 'late', "
        "note: str | None = None) -> bool: Refunds an order.\n"
        '- await tools["the weather\'s"].run(city: str) -> dict[str, float]: The weather, in all places: '
        + ("and " * 33).strip()
        + "…\n"
        "- tools['quiet'].run()"
    )


def test_types_of_models() -> None:
    class Colour(Enum):
        RED = "red"

    class Line(BaseModel):
        sku: str
        count: int = 1

    class Order(BaseModel):
        when: dt.date
        lines: list[Line]
        colour: Colour = Colour.RED
        ship: Line | None = Field(None, description="Where to.")
        tags: dict[str, int] = {}

    class Node(BaseModel):
        children: list[Node] = []

    line = "{'sku': str, 'count': int}"
    assert call(lambda **order: 1, input_schema=Order, output_schema=Line) == (
        f"tools['it'].run(when: str[date], lines: list[{line}], colour: Literal['red'] = 'red', "
        f"ship: {line} | None = None, tags: dict[str, int] = {{}}) -> {line}"
    )
    assert call(lambda **node: 1, input_schema=Node) == ("tools['it'].run(children: list[{'children': list}] = [])")


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "object", "properties": {"a": {}}}, "a = …"),
        ({"type": "object", "properties": {"a": {"type": "string", "default": "x" * 99}}}, "a: str = …"),
        ({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}}, "a: int | None = …"),
        ({"type": "object", "properties": {"a": {"const": 3}}}, "a: Literal[3] = …"),
        (
            {"type": "object", "properties": {"a": {"enum": list(range(13))}}, "required": ["a"]},
            "a: Literal[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]",
        ),
        ({"type": "object", "properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 1}]}}}, "a = …"),
        ({"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"]}, "**{'from': …}: str"),
        ({"type": "object", "properties": {}, "additionalProperties": True}, "**more"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}},
            "a = …",
        ),
    ],
)
def test_types_of_schemas(schema: dict[str, Any], shown: str) -> None:
    assert call(lambda **_: 1, input_schema=schema) == f"tools['it'].run({shown})"


def test_a_long_signature_loses_its_types_and_then_its_names() -> None:
    def schema(count: int, size: int) -> dict[str, Any]:
        part = {"enum": ["a" * size, "b" * size]}
        return {"type": "object", "properties": {f"n{number}": part for number in range(count)}}

    assert call(lambda **_: 1, input_schema=schema(3, 400)) == "tools['it'].run(n0, n1, n2)"
    assert call(lambda **_: 1, input_schema=schema(300, 4)) == "tools['it'].run(…)"
    assert len(call(lambda **_: 1, input_schema=schema(9, 9))) <= MAX_CALL


def test_without_tools_the_model_is_told_so() -> None:
    assert tools(ComponentRegistry()) == "Tools\nThere are none: a program can only compute."


def test_many_tools_are_named_only() -> None:
    registry = ComponentRegistry()
    for number in range(MAX_SIGNATURES):
        registry.register_tool(f"tool{number}", lambda a: a)
    assert tools(registry).count(".run(a)") == MAX_SIGNATURES
    registry.register_tool("one_more", lambda a: a)
    shown = tools(registry)
    assert shown.startswith("Tools (41; look up their arguments before you call them)\ntool0, tool1, ")
    assert shown.endswith(", tool39, one_more")


def test_the_size_is_bounded_whatever_is_registered() -> None:
    registry = ComponentRegistry()
    for number in range(MAX_SIGNATURES):
        registry.register_tool(f"{number}{'x' * 120}", lambda a: a, description="word " * 99)
    assert len(tools(registry)) <= MAX_SIGNATURES_SIZE
    for number in range(MAX_SIGNATURES, 900):
        registry.register_tool(f"{number}{'x' * 120}", lambda a: a)
    assert tools(registry).endswith(" more, which `__search__` finds")
    assert len(tools(registry)) < MAX_NAMES_SIZE + 200


def test_a_suffix_comes_after_a_blank_line() -> None:
    assert compose("Base.", None) == compose("Base.", "") == "Base."
    assert compose("Base.", "More.") == "Base.\n\nMore."
