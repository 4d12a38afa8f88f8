"""The program's view of its tools: names, arguments, failures, meta-tools."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any

import pytest

from .conftest import Run
from .harness import FAILED, Failure, Tool

SCHEMA = json.dumps({"type": "object", "properties": {"location": {"type": "string"}}})
WEATHER = Tool(
    "weather",
    lambda arguments: {"at": arguments, "celsius": -3},
    parameters=["location", "unit"],
    description="Tells the weather.",
    input_schema=SCHEMA,
)
FORECAST = Tool("forecast", is_async=True, parameters=["location"], description="Tells tomorrow's weather.")
DASHED = Tool("send-mail", parameters=["to"], description="Sends a message.", output_schema='{"type":"null"}')
# Python 3.13 also underlines a call that is the whole line.
ANCHOR = "    ~~~~~~~^^\n" if sys.version_info >= (3, 13) else ""
ALL = (WEATHER, FORECAST, DASHED)


@pytest.mark.parametrize(
    "code",
    [
        "tools['weather'].run(location='Oslo', unit='C')",
        "tools['weather'].run('Oslo', 'C')",
        "tools['weather']('Oslo', unit='C')",
        "tools.weather('Oslo', 'C')",
        "tools.weather.run('Oslo', unit='C')",
        "from tools import weather\nweather('Oslo', 'C')",
        "from tools import *\nweather('Oslo', 'C')",
        "import tools as t\nt.weather('Oslo', 'C')",
        "import tools.weather\ntools.weather('Oslo', 'C')",
        "await tools.weather.run_async('Oslo', 'C')",
        "import asyncio\nasyncio.run(tools.weather.run_async('Oslo', unit='C'))",
        "import importlib\nimportlib.import_module('tools').weather('Oslo', 'C')",
        "tools.get('weather')('Oslo', 'C')",
        "dict(tools.items())['weather']('Oslo', 'C')",
    ],
)
def test_tool_is_called_under_any_of_its_names(run: Run, code: str) -> None:
    finished = run(code, *ALL)
    assert finished.value == {"at": {"location": "Oslo", "unit": "C"}, "celsius": -3}
    assert finished.calls == [("weather", {"location": "Oslo", "unit": "C"})]


def test_async_tool_returns_an_awaitable(run: Run) -> None:
    finished = run("a = tools.forecast('Oslo')\nb = tools['forecast'].run('Bergen')\nresult = [await a, await b]", *ALL)
    assert finished.value == [{"location": "Oslo"}, {"location": "Bergen"}]


def test_dashed_name_is_reached_by_item(run: Run) -> None:
    assert run("tools['send-mail'].run('x')", *ALL).value == {"to": "x"}


def test_values_are_lossless_both_ways(run: Run) -> None:
    given = {"$": ["tuple", [1, {"$": ["bytes", "YQ=="]}]]}
    back = {"$": ["set", [1, 2]]}
    finished = run(
        "value = tools.t((1, b'a'))\nassert value == {1, 2}, value\nresult = type(value).__name__",
        Tool("t", lambda arguments: back, parameters=["x"]),
    )
    assert finished.value == "set"
    assert finished.calls == [("t", {"x": given})]


def test_tools_is_a_module_and_a_container(run: Run) -> None:
    finished = run(
        "import inspect, sys, types\n"
        "result = [\n"
        "    list(tools), len(tools), 'weather' in tools, '__list__' in tools, 'x' in tools, dir(tools), bool(tools),\n"
        "    repr(tools), repr(tools.weather), repr(tools.forecast), repr(tools['__list__']), tools.keys(),\n"
        "    isinstance(tools, types.ModuleType), sys.modules['tools'] is tools, hasattr(tools, 'nope'),\n"
        "    tools.get('nope', 5), [t.name for t in tools.values()],\n"
        "]",
        *ALL,
    )
    names = ["weather", "forecast", "send-mail"]
    assert finished.value == [
        names,
        3,
        True,
        True,
        False,
        ["ToolDenied", "ToolError", "forecast", "send-mail", "weather"],
        True,
        "<tools: weather, forecast, send-mail>",
        "<tool weather(location, unit)>",
        "<async tool forecast(location)>",
        "<meta-tool __list__>",
        names,
        True,
        True,
        False,
        5,
        names,
    ]


def test_tool_describes_itself(run: Run) -> None:
    finished = run(
        "w = tools.weather\n"
        "result = [w.name, w.__name__, w.is_async, w.parameters, w.description, w.__doc__]\n"
        "result += [w.input_schema, w.output_schema]",
        *ALL,
    )
    description = "Tells the weather."
    assert finished.value == [
        "weather",
        "weather",
        False,
        ["location", "unit"],
        description,
        description,
        json.loads(SCHEMA),
        None,
    ]


def test_tool_named_like_a_method_wins(run: Run) -> None:
    finished = run("tools.get(1), tools.keys(2)", Tool("get", parameters=["a"]), Tool("keys", parameters=["a"]))
    assert finished.value == {"$": ["tuple", [{"a": 1}, {"a": 2}]]}


# === unknown names ===

NEAR = "no tool named 'wether'; did you mean 'weather'? (tools['__list__'].run() shows all 3 tools)"


@pytest.mark.parametrize(
    ("code", "builtin"),
    [
        ("tools['wether']", "KeyError"),
        ("tools.wether", "AttributeError"),
        ("from tools import wether", "ImportError"),
        ("import tools.wether", "ImportError"),
        ("tools['__schema__'].run('wether')", "KeyError"),
    ],
)
def test_unknown_tool_names_the_near_ones(run: Run, code: str, builtin: str) -> None:
    finished = run(
        f"try:\n    {code}\nexcept ToolError as e:\n    result = [str(e), isinstance(e, {builtin}), e.tool]", *ALL
    )
    assert finished.value == [NEAR, True, ""]


def test_unknown_tool_without_a_near_one(run: Run) -> None:
    finished = run("tools['xyz']", *ALL)
    assert finished.error["message"] == "no tool named 'xyz' (tools['__list__'].run() shows all 3 tools)"
    finished = run("tools['xyz']")
    assert finished.error["message"] == "no tool named 'xyz': this execution has no tools"


# === arguments ===


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "tools.weather(1, 2, 3)",
            "tool 'weather' failed: TypeError: takes 2 positional arguments (location, unit) but 3 were given",
        ),
        (
            "tools.weather(1, location=2)",
            "tool 'weather' failed: TypeError: got multiple values for argument 'location'",
        ),
        ("tools.bare(1)", "tool 'bare' failed: TypeError: takes keyword arguments only"),
        (
            "tools.forecast(1, 2)",
            "tool 'forecast' failed: TypeError: takes 1 positional argument (location) but 2 were given",
        ),
        (
            "tools.forecast.run_async(1, 2)",
            "tool 'forecast' failed: TypeError: takes 1 positional argument (location) but 2 were given",
        ),
    ],
)
def test_arguments_that_do_not_fit(run: Run, code: str, message: str) -> None:
    finished = run(
        f"try:\n    {code}\nexcept TypeError as e:\n    result = [str(e), e.tool, e.type]", *ALL, Tool("bare")
    )
    assert finished.calls == []
    assert finished.value == [message, message.split("'")[1], "TypeError"]


@pytest.mark.parametrize("run_name", ["run", "run_async"])
def test_argument_that_cannot_be_sent_is_named_at_the_call(run: Run, run_name: str) -> None:
    finished = run(
        "class Connection: pass\n"
        f"try:\n    tools.weather.{run_name}('Oslo', unit={{'rows': [Connection()]}})\nexcept ValueError as e:\n"
        "    result = [type(e).__name__, e.path, e.type_name, str(e).partition(' (')[0]]",
        *ALL,
    )
    path = "weather(unit).rows[0]"
    assert finished.value == [
        "UnsendableValueError",
        path,
        "Connection",
        f"cannot send {path}: Connection is not a value",
    ]
    assert finished.calls == []


def test_arguments_over_the_limit(run: Run) -> None:
    finished = run("tools.weather('x' * 5000)", *ALL, limit=1024)
    assert finished.calls == []
    assert finished.error["type"] == "ValueTooLargeError"
    assert (
        finished.error["message"] == "cannot send the arguments of weather: value of 4.9 KiB exceeds the limit of 1 KiB"
    )


# === failures ===


def failing(type: str, message: str, builtin: str) -> Tool:
    def fail(_arguments: dict[str, Any]) -> None:
        raise Failure(type, message, builtin)

    return Tool("x", fail)


CATCH = (
    "try:\n    tools.x()\nexcept ToolError as e:\n"
    "    result = [str(e), e.tool, e.type, e.message, type(e).__name__, list(e.args)]\n    error = e\n"
)


@pytest.mark.parametrize(
    ("type", "message", "builtin", "text"),
    [
        ("ValueError", "bad", "ValueError", "tool 'x' failed: ValueError: bad"),
        ("OrderNotFound", "no 7", "LookupError", "tool 'x' failed: OrderNotFound: no 7"),
        ("Odd", "", "", "tool 'x' failed: Odd"),
        ("KeyError", "'a'", "KeyError", "tool 'x' failed: KeyError: 'a'"),
        ("é", "\ud83c\udf88 ✓", "NoSuchBuiltin", "tool 'x' failed: é: 🎈 ✓"),
    ],
)
def test_failure_is_raised_as_tool_error(run: Run, type: str, message: str, builtin: str, text: str) -> None:
    finished = run(CATCH, failing(type, message, builtin))
    message = message.replace("\ud83c\udf88", "🎈")
    assert finished.value == [text, "x", type, message, "ToolError", [message]]


def test_denied_call_has_a_name_of_its_own(run: Run) -> None:
    finished = run(
        "try:\n    tools.x()\nexcept ToolDenied as e:\n    error = e\n"
        "import copy, pickle, traceback, tools as module\n"
        "assert isinstance(error, ToolError) and isinstance(error, PermissionError)\n"
        "assert module.ToolDenied is ToolDenied and ToolDenied.__module__ == 'builtins'\n"
        "for other in error, copy.copy(error), pickle.loads(pickle.dumps(error)):\n"
        "    assert type(other) is ToolDenied and str(other) == \"tool 'x' was denied: why\" and other.tool == 'x'\n"
        "result = [error.type, error.message, *traceback.format_exception_only(type(error), error)]",
        failing("ToolDenied", "why", "PermissionError"),
    )
    assert finished.value == ["ToolDenied", "why", "ToolDenied: tool 'x' was denied: why\n"]


@pytest.mark.parametrize("type", ["ToolDenied", "PermissionError"])
def test_other_failures_are_not_denials(run: Run, type: str) -> None:
    builtin = "ValueError" if type == "ToolDenied" else "PermissionError"
    finished = run(CATCH + "result = isinstance(error, ToolDenied)", failing(type, "why", builtin))
    assert finished.value is False


BUILTINS = sorted(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
)
NOT_MIXED = {
    "BaseException", "BaseExceptionGroup", "ExceptionGroup", "GeneratorExit", "KeyboardInterrupt", "SystemExit",
    "StopIteration", "StopAsyncIteration",
}  # fmt: skip


def test_failure_is_also_the_builtin(run: Run) -> None:
    def fail(arguments: dict[str, Any]) -> None:
        raise Failure(arguments["name"], "m", arguments["name"])

    finished = run(
        "import builtins, copy, pickle, traceback\n"
        "result = {}\n"
        f"for name in {BUILTINS!r}:\n"
        "    try:\n"
        "        tools.x(name=name)\n"
        "    except ToolError as e:\n"
        "        result[name] = isinstance(e, getattr(builtins, name))\n"
        "        expected = f\"tool 'x' failed: {name}: m\"\n"
        "        assert str(e) == expected and e.message == 'm' and e.type == name, name\n"
        "        assert traceback.format_exception_only(type(e), e) == [f'ToolError: {expected}\\n'], name\n"
        "        for other in copy.copy(e), pickle.loads(pickle.dumps(e)):\n"
        "            assert isinstance(other, ToolError) and str(other) == expected and other.tool == 'x', name\n",
        Tool("x", fail),
    )
    assert finished.value == {name: name not in NOT_MIXED or name == "BaseException" for name in BUILTINS}


def test_uncaught_failure_ends_the_program(run: Run) -> None:
    finished = run("tools.x()", failing("ValueError", "bad", "ValueError"))
    assert finished.outcome == FAILED
    assert finished.error == {
        "type": "ToolError",
        "message": "tool 'x' failed: ValueError: bad",
        "traceback": (
            'Traceback (most recent call last):\n  File "<program>", line 1, in <module>\n    tools.x()\n'
            f"{ANCHOR}ToolError: tool 'x' failed: ValueError: bad\n"
        ),
        "line": 1,
        "column": 1 if sys.version_info >= (3, 11) else 0,
    }


def test_failure_of_an_awaited_call(run: Run) -> None:
    finished = run(
        "import asyncio\n"
        "r = await asyncio.gather(*[tools.x.run_async() for _ in range(3)], return_exceptions=True)\n"
        "result = [isinstance(e, ValueError) and str(e) for e in r]",
        failing("ValueError", "bad", "ValueError"),
    )
    assert finished.value == ["tool 'x' failed: ValueError: bad"] * 3


def test_tool_error_can_be_imported_and_raised(run: Run) -> None:
    finished = run("from tools import ToolError as T\nassert T is ToolError\nraise T('mine')")
    assert (finished.error["type"], finished.error["message"]) == ("ToolError", "mine")


# === meta-tools ===

ENTRIES = [
    {
        "name": tool.name,
        "description": tool.description,
        "is_async": tool.is_async,
        "parameters": tool.parameters,
        "has_input_schema": tool is WEATHER,
        "has_output_schema": tool is DASHED,
    }
    for tool in ALL
]


@pytest.mark.parametrize(
    "code", ["tools['__list__'].run()", "tools['__list__']()", "await tools['__list__'].run_async()"]
)
def test_list(run: Run, code: str) -> None:
    finished = run(code, *ALL)
    assert finished.value == {"tools": ENTRIES, "count": 3}
    assert finished.calls == []


def test_search_finds_names_first(run: Run) -> None:
    finished = run("tools['__search__'].run('  WEATHER message ')", *ALL)
    assert finished.value == {
        "matches": [
            {**ENTRIES[0], "match_type": "name"},
            {**ENTRIES[1], "match_type": "description"},
            {**ENTRIES[2], "match_type": "description"},
        ],
        "count": 3,
        "query": "  WEATHER message ",
    }
    assert run("tools['__search__'].run(query='nothing')", *ALL).value == {
        "matches": [],
        "count": 0,
        "query": "nothing",
    }
    assert run("tools['__search__'].run('')", *ALL).value == {"matches": [], "count": 0, "query": ""}


def test_schema(run: Run) -> None:
    finished = run("tools['__schema__'].run('weather')", *ALL)
    assert finished.value == {
        "tool_name": "weather",
        "input_schema": json.loads(SCHEMA),
        "output_schema": None,
        "description": "Tells the weather.",
        "is_async": False,
    }
    finished = run("tools['__schema__'].run()", *ALL)
    assert finished.error["message"] == "tools['__schema__'].run() missing 1 required positional argument: 'name'"
