"""Runs the examples of the released package's documents, in a process of its own.

Reads from standard input a JSON object: ``url`` and ``key`` of an executor, ``files`` to run, ``root`` that their names
are relative to. Writes to standard output one JSON object a line: the block's ``file:line``, its outcome, a message.

The blocks of a document run in order and share their names, as a reader types them in. What they leave to the reader is
completed by these rules:

1. Addresses with port 8001 are the executor's; keys given by keyword, and in the environment, are its key.
2. A name that was not made before is what documents of this kind mean by it (`_PRELUDE`).
3. The configuration files that documents name exist in the current directory (`_FILES`).
4. ``await`` at the top level runs in an event loop.
5. A block that uses ``tools`` without making it is a program: the executor runs it, in its jail, with tools of the
   names that it uses.
6. ``if __name__ == "__main__"`` is true.

Some examples are attacks. So only what `gate` knows to be harmless runs in this process; the rest is ``refused`` and
not executed at all.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from markdown_it import MarkdownIt

from .gate import refusal

_TIME = 12  # seconds for one block; those that run take less than one
_ADDRESS = re.compile(r"(?:(?:https?|grpcs?)://)?[\w.-]+:8001/?")
_KEYS = {"api_key", "executor_api_key"}
_USED_TOOL = re.compile(r"tools\[['\"](\w+)['\"]\]|tools\.(\w+)\(")


class Block:
    """One block of Python in a document."""

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line

    def is_python(self) -> bool:
        try:
            compile(self.text, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError:
            return False
        return True


def blocks(text: str) -> Iterator[Block]:
    """The blocks of Python in a document."""
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.info.strip().split()[:1] == ["python"]:
            yield Block(token.content, (token.map or [0])[0] + 1)


class Refused(Exception):
    """The block may not run in this process: why."""


class Reader:
    """What a reader of a document has at hand."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, block: Block) -> None:
        """Runs a block. Raises `Refused` where it may not run here."""
        tree = ast.parse(block.text)
        used = _loaded(tree) - _stored(tree) - self.names.keys()
        if "tools" in used:
            self._program(block.text)
            return
        why = refusal(block.text)
        if why is not None:
            raise Refused(why)
        for name in sorted(used & _PRELUDE.keys()):
            self.names[name] = _PRELUDE[name](self)
        tree = ast.fix_missing_locations(_Substitution(self).visit(tree))
        code = compile(tree, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self.names))
        else:
            exec(code, self.names)  # to run it is the purpose

    def _program(self, text: str) -> None:
        from codemode.core.errors import ExecutionFailedError

        codemode = _codemode(self)
        for found in _USED_TOOL.finditer(text):
            name = found[1] or found[2]
            if not name.startswith("__"):
                codemode.registry.register_tool(name, _anything, overwrite=True)
        result = codemode.run(text, execution_timeout=5)
        if not result.success:
            raise ExecutionFailedError(result)


def _anything(**arguments: Any) -> dict[str, Any]:
    return arguments


def _client_config(reader: Reader) -> Any:
    from codemode.config import ClientConfig

    return ClientConfig(executor_url=reader.url, executor_api_key=reader.key)


def _registry(_reader: Reader) -> Any:
    from codemode import ComponentRegistry

    registry = ComponentRegistry()
    registry.register_tool("weather", lambda location="", **_more: {"location": location, "temp": 21})
    return registry


def _codemode(reader: Reader) -> Any:
    from codemode import Codemode

    return Codemode(client_config=_client_config(reader), registry=_registry(reader))


def _named(module: str, name: str) -> Callable[[Reader], Any]:
    def find(_reader: Reader) -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)

    return find


class _Tool:
    def run(self, **arguments: Any) -> dict[str, Any]:
        return arguments


_FILES = {
    "codemode-client.yaml": "executor_url: {url}\nexecutor_api_key: {key}\n",
    "codemode-sidecar.yaml": "port: 8001\napi_key: {key}\n",
    "codemode.yaml": "project: {{name: a}}\nframework: {{type: crewai}}\nexecutor: {{url: {url}, api_key: {key}}}\n",
}

_PRELUDE: dict[str, Callable[[Reader], Any]] = {
    "ClientConfig": _named("codemode.config", "ClientConfig"),
    "Codemode": _named("codemode", "Codemode"),
    "ComponentRegistry": _named("codemode", "ComponentRegistry"),
    "ConfigLoader": _named("codemode.config", "ConfigLoader"),
    "ContextAwareTool": _named("codemode.tools", "ContextAwareTool"),
    "ExecutorClient": _named("codemode.core", "ExecutorClient"),
    "ExecutionError": _named("codemode.executor.models", "ExecutionError"),
    "ExecutionResult": _named("codemode.executor.models", "ExecutionResult"),
    "ExecutorClientError": _named("codemode.core.executor_client", "ExecutorClientError"),
    "ExecutorConnectionError": _named("codemode.core.executor_client", "ExecutorConnectionError"),
    "ExecutorTimeoutError": _named("codemode.core.executor_client", "ExecutorTimeoutError"),
    "ObservabilityConfig": _named("codemode.config", "ObservabilityConfig"),
    "RetryConfig": _named("codemode.config", "RetryConfig"),
    "TlsClientConfig": _named("codemode.config", "TlsClientConfig"),
    "RuntimeContext": _named("codemode.core.context", "RuntimeContext"),
    "Any": lambda _reader: Any,
    "BaseModel": _named("pydantic", "BaseModel"),
    "Field": _named("pydantic", "Field"),
    "asyncio": lambda _reader: asyncio,
    "code": lambda _reader: "result = 6 * 7",
    "client": lambda reader: _codemode(reader).executor_client,
    "client_config": _client_config,
    "codemode": _codemode,
    "config": _client_config,
    "context": lambda _reader: _named("codemode.core.context", "RuntimeContext")(_reader)(variables={"client_id": "a"}),
    "executor_client": lambda reader: _codemode(reader).executor_client,
    "json": lambda _reader: json,
    "logger": lambda _reader: __import__("logging").getLogger("documents"),
    "logging": lambda _reader: __import__("logging"),
    "os": lambda _reader: os,
    "registry": _registry,
    "time": lambda _reader: __import__("time"),
    "tool": _named("codemode", "tool"),
    "my_tool": lambda _reader: _Tool(),
    "weather_tool": lambda _reader: _Tool(),
}


class _Substitution(ast.NodeTransformer):
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def visit_Call(self, node: ast.Call) -> ast.AST:
        for keyword in node.keywords:
            if keyword.arg in _KEYS and isinstance(keyword.value, ast.Constant):
                keyword.value = ast.copy_location(ast.Constant(self.reader.key), keyword.value)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if "CODEMODE_EXECUTOR_API_KEY" in ast.unparse(node.targets[0]):
            node.value = ast.copy_location(ast.Constant(self.reader.key), node.value)
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and _ADDRESS.fullmatch(node.value):
            return ast.copy_location(ast.Constant(self.reader.url), node)
        return node


def _loaded(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _stored(tree: ast.Module) -> set[str]:
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            stored.add(node.name)
        elif isinstance(node, ast.alias):
            stored.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
    return stored


def _late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"the block did not end within {_TIME} s")


def _outcome(reader: Reader, block: Block) -> tuple[str, str]:
    if not block.is_python():
        return "fragment", ""
    environment = {"CODEMODE_EXECUTOR_URL": reader.url, "CODEMODE_EXECUTOR_API_KEY": reader.key}
    kept = dict(os.environ)
    os.environ.update(environment)
    signal.alarm(_TIME)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            reader.run(block)
    except Refused as refused:
        return "refused", f"it uses {refused}"
    except BaseException as error:
        first = (str(error).splitlines() or [""])[0]
        return "failed", f"{type(error).__name__}: {first}"
    finally:
        signal.alarm(0)
        os.environ.clear()
        os.environ.update(kept)
    return "passed", ""


def main() -> None:
    order = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, _late)
    warnings.simplefilter("ignore")
    report = sys.stdout
    root = Path(order["root"])
    for file in map(Path, order["files"]):
        reader = Reader(order["url"], order["key"])
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            for name, text in _FILES.items():
                Path(name).write_text(text.format(url=order["url"], key=order["key"]))
            for block in blocks(file.read_text()):
                outcome, message = _outcome(reader, block)
                node = f"{file.relative_to(root)}:{block.line}"
                print(json.dumps({"block": node, "outcome": outcome, "message": message}), file=report, flush=True)
            os.chdir("/")


if __name__ == "__main__":
    main()
    os._exit(0)  # some examples leave threads and servers behind
