"""Runs the examples of the document as they stand, and checks what their comments say.

What an example leaves out is completed by these rules, and by nothing else:

1. The addresses of the document (`ADDRESSES`) are the real executor's; a key, the string given as ``api_key`` or
   ``executor_api_key`` or put into ``os.environ["CODEMODE_EXECUTOR_API_KEY"]``, is the real key.
2. A name that the example uses and does not make (`PRELUDE`) is what its chapter has introduced: ``codemode``,
   ``client``, ``registry``, ``config``, ``weather_tool``, and the classes that the chapters import.
3. A call with nothing but ``...`` is given the least that it needs (`ELLIPSES`).
4. ``await`` and ``async with`` at the top level run in an event loop.
5. Files that the document names exist in the current directory, and the environment variables that it requires are set.
6. A call of `INCOMPLETE` that lacks an argument which its framework requires is given it.

A comment behind a ``print``, an assignment or an expression that is a Python literal is what must be printed,
assigned or returned; of a correlation id, which is random, the form must agree.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import os
import re
import sys
import tokenize
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

from .world import WeatherTool, World

ADDRESSES = ("http://executor:8001", "http://localhost:8001")

_KEY_VARIABLE = "CODEMODE_EXECUTOR_API_KEY"
_KEY_ARGUMENTS = {"api_key", "executor_api_key"}

ELLIPSES: Mapping[str, str] = {
    "ExecutorClient": "executor_url='http://executor:8001', api_key='secret-key'",
    "execute": "code='result = 42', available_tools=[], config={}",
    "execute_async": "code='result = 42', available_tools=[], config={}",
}
"""What ``…(...)`` stands for, by the name that is called."""

INCOMPLETE: Mapping[str, str] = {"Agent": "goal='Answer by running code', llm='ollama/none'"}
"""Arguments that crewai requires and the document leaves out. The agent is made and not run, so any model will do."""

_CORRELATION_ID = re.compile(r"(\w+)-[0-9a-z]{6}-[0-9a-z]{4}")


def _names(world: World) -> dict[str, Callable[[], Any]]:
    from codemode import Codemode, ComponentRegistry, ExecutorClient
    from codemode.config import ClientConfig

    return {
        "Codemode": lambda: Codemode,
        "ExecutorClient": lambda: ExecutorClient,
        "ComponentRegistry": lambda: ComponentRegistry,
        "ClientConfig": lambda: ClientConfig,
        "codemode": world.codemode,
        "client": lambda: world.codemode().executor_client,
        "registry": ComponentRegistry,
        "config": world.client_config,
        "weather_tool": WeatherTool,
    }


PRELUDE = frozenset(
    {
        "Codemode",
        "ExecutorClient",
        "ComponentRegistry",
        "ClientConfig",
        "codemode",
        "client",
        "registry",
        "config",
        "weather_tool",
    }
)
"""The names of rule 2."""


def needs_crewai(text: str) -> bool:
    return bool(re.search(r"\bcrewai\b", text))


def run(text: str, line: int, world: World) -> int:
    """Runs an example; returns how many comments were checked. ``line``: where it stands, for tracebacks.

    Raises:
        AssertionError: A comment does not say what happens.
    """
    expected = comments(text)
    program = _complete(ast.parse(text), world)
    names: dict[str, Any] = {"__name__": "example"}
    free = _free(text)
    available = _names(world)
    assert available.keys() == PRELUDE
    for name in sorted(free & PRELUDE):
        names[name] = available[name]()
    seen = _Seen(program, expected)
    names |= {"print": seen.print, "_returned": seen.returned}
    code = compile(program, f"core-api.md, example at line {line}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    environment = {"CODEMODE_EXECUTOR_URL": world.url, _KEY_VARIABLE: world.key}
    with mock.patch.dict(os.environ, environment):
        world.write_files()
        try:
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(eval(code, names))
            else:
                exec(code, names)  # the document's example is what is tested
        finally:
            for value in list(names.values()):
                if type(value).__module__.startswith("codemode.core.") and hasattr(value, "close"):
                    value.close()
    return seen.check(names)


def comments(text: str) -> dict[int, Any]:
    """The literals behind statements, by line."""
    found: dict[int, Any] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.line.strip() != token.string.strip():
            try:
                found[token.start[0]] = ast.literal_eval(token.string.lstrip("# "))
            except (ValueError, SyntaxError):
                continue
    return found


class _Seen:
    """Collects what an example prints, returns and assigns on the lines that a comment speaks of."""

    def __init__(self, program: ast.Module, expected: dict[int, Any]) -> None:
        self.expected = expected
        self.found: dict[int, Any] = {}
        self.assigned: dict[int, str] = {}
        for node in ast.walk(program):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.assigned[node.end_lineno or node.lineno] = node.targets[0].id

    def print(self, *values: Any) -> None:
        line = sys._getframe(1).f_lineno
        self.found[line] = " ".join(map(str, values))

    def returned(self, line: int, value: Any) -> Any:
        self.found[line] = value
        return value

    def check(self, names: dict[str, Any]) -> int:
        for line, wanted in self.expected.items():
            if line in self.assigned:
                found = names[self.assigned[line]]
                right = found == wanted or _same_form(wanted, found)
            else:
                assert line in self.found, f"nothing was printed or returned where `# {wanted!r}` stands"
                found = self.found[line]
                right = found in (wanted, str(wanted), repr(wanted))
            assert right, f"the document says {wanted!r}, and it is {found!r}"
        return len(self.expected)


def _same_form(wanted: Any, found: Any) -> bool:
    if not isinstance(wanted, str) or not isinstance(found, str):
        return False
    left, right = _CORRELATION_ID.fullmatch(wanted), _CORRELATION_ID.fullmatch(found)
    return left is not None and right is not None and left[1] == right[1]


class _Completion(ast.NodeTransformer):
    def __init__(self, world: World) -> None:
        self.world = world

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func).rpartition(".")[2]
        if [ast.unparse(argument) for argument in node.args] == ["..."] and not node.keywords:
            assert name in ELLIPSES, f"nothing is known of what `{name}(...)` leaves out"
            node.args, node.keywords = [], _keywords(ELLIPSES[name])
        if name in INCOMPLETE:
            given = {keyword.arg for keyword in node.keywords}
            node.keywords += [keyword for keyword in _keywords(INCOMPLETE[name]) if keyword.arg not in given]
        for keyword in node.keywords:
            if keyword.arg in _KEY_ARGUMENTS and isinstance(keyword.value, ast.Constant):
                keyword.value = ast.copy_location(ast.Constant(self.world.key), keyword.value)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if _KEY_VARIABLE in ast.unparse(node.targets[0]):
            node.value = ast.copy_location(ast.Constant(self.world.key), node.value)
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        called = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "print"
        if not called and not isinstance(node.value, ast.Constant):
            line = ast.Constant(node.end_lineno or node.lineno)
            node.value = ast.Call(ast.Name("_returned", ast.Load()), [line, node.value], [])
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if node.value in ADDRESSES:
            return ast.copy_location(ast.Constant(self.world.url), node)
        return node


def _complete(program: ast.Module, world: World) -> ast.Module:
    return ast.fix_missing_locations(_Completion(world).visit(program))  # type: ignore[no-any-return]


def _keywords(text: str) -> list[ast.keyword]:
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return call.keywords


def _free(text: str) -> set[str]:
    # Used before it is made, in the order of the text: `with … as codemode` in the last line makes no `codemode`
    # for the first one.
    made: dict[str, int] = {}
    used: dict[str, int] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            table = used if isinstance(node.ctx, ast.Load) else made
            table[node.id] = min(node.lineno, table.get(node.id, node.lineno))
        elif isinstance(node, ast.alias):
            name = (node.asname or node.name).partition(".")[0]
            made[name] = min(node.lineno, made.get(name, node.lineno))
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            made[node.name] = min(node.lineno, made.get(node.name, node.lineno))
    return {name for name, line in used.items() if made.get(name, line + 1) > line}
