"""Compiling and running the program, and finding its value.

The program runs as the module `__main__`, under the file name `<program>`, with its source known to `linecache`. It has
a copy of the builtins: what it does to `builtins.len` is its own affair, and reaches neither the runner nor the
standard library. Its value is the variable `result`, or, where it sets none, its last expression.
"""

from __future__ import annotations

import ast
import asyncio
import atexit
import builtins
import io
import linecache
import sys
import threading
from _sitebuiltins import Quitter, _Helper
from contextlib import suppress
from inspect import CO_COROUTINE
from types import CodeType, ModuleType
from typing import Any, Final

from . import report
from .errors import ToolDenied, ToolError

# A name that no program can write, so that `dir()` is the only place where it could meet it.
_LAST: Final = "<last expression>"
_UNSET: Final = object()
_FLAGS: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

_asyncio_run = asyncio.run
_compile = compile


def compile_program(source: str) -> CodeType:
    """Compiles `source`; its last statement, if it is an expression, keeps its value."""
    # As `linecache` itself reads a file: lines end where they do for the compiler, and the last one, too, in a newline.
    lines = io.StringIO(source, newline=None).readlines()
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    linecache.cache[report.FILENAME] = (len(source), None, lines, report.FILENAME)
    tree = _compile(source, report.FILENAME, "exec", ast.PyCF_ONLY_AST | _FLAGS, dont_inherit=True)
    if tree.body and isinstance(last := tree.body[-1], ast.Expr):
        name = ast.copy_location(ast.Name(_LAST, ast.Store()), last)
        tree.body[-1] = ast.copy_location(ast.Assign([name], last.value), last)
    code: CodeType = _compile(tree, report.FILENAME, "exec", _FLAGS, dont_inherit=True)
    return code


class Program:
    """One program, ready to run once."""

    def __init__(self, code: CodeType, tools: ModuleType, **names: object) -> None:
        """``names``: further globals."""
        self.code = code
        self.module = ModuleType("__main__")
        self.names = vars(self.module)
        self.names.update(names, __builtins__=_BUILTINS, tools=tools)

    def run(self) -> None:
        """Runs to the end, threads and exit handlers included. Raises what the program raised."""
        sys.modules["__main__"] = self.module
        sys.modules["builtins"] = _BUILTINS
        exit_handlers = _exit_handlers()
        try:
            value = eval(self.code, self.names)  # noqa: S307 - what a worker is for
            if self.code.co_flags & CO_COROUTINE:
                _asyncio_run(value)
        except SystemExit as stop:
            if stop.code not in (None, 0):
                raise
        finally:
            _end(exit_handlers)

    def value(self) -> tuple[str, object]:
        """How to call the value, and the value."""
        value = self.names.get("result", _UNSET)
        if value is not _UNSET:
            return "result", value
        return "the last expression", self.names.get(_LAST)


def _builtins() -> ModuleType:
    copy = ModuleType("builtins", builtins.__doc__)
    vars(copy).update(vars(builtins))
    # What `site` adds, which does not run in a worker.
    copy.exit = Quitter("exit", "Ctrl-D (i.e. EOF)")  # type: ignore[attr-defined]
    copy.quit = Quitter("quit", "Ctrl-D (i.e. EOF)")  # type: ignore[attr-defined]
    copy.help = _Helper()  # type: ignore[attr-defined]
    copy.ToolError = ToolError  # type: ignore[attr-defined]
    copy.ToolDenied = ToolDenied  # type: ignore[attr-defined]
    return copy


_BUILTINS: Final = _builtins()


# === the end: what the interpreter does when a script is over ===

_exit_handlers = atexit._ncallbacks
_run_exit_handlers = atexit._run_exitfuncs
_thread_count = threading.active_count
_join_threads: Any = threading._shutdown  # type: ignore[attr-defined]


def _end(exit_handlers: int) -> None:
    if _thread_count() > 1:
        with suppress(SystemExit):
            _join_threads()
    if _exit_handlers() > exit_handlers:
        _run_exit_handlers()
