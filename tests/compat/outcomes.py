"""A pytest plugin for the process that runs the released package's tests: runs their coroutines, records each outcome.

Loaded with ``-p``. A test file that imports one name that is gone would not be collected, and none of its tests would
count. So what its imports lack is put there as a `Gone` before the collection: each test that touches it fails, and
the others run. The outcomes go as one JSON object to the file that ``CODEMODE_OUTCOMES`` names.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

_PATCHED = (
    ("codemode.integrations.crewai", "BaseTool"),
    ("codemode.integrations.crewai", "Crew"),
    ("codemode.integrations.google_adk", "FunctionTool"),
)
"""Where the tests put mocks in place of a framework's classes. Here nothing reads these names, so that their patching
does no harm and the tests run with the real framework."""

_outcomes: dict[str, dict[str, str]] = {}


class Gone:
    """Stands for a name that this package lacks. Whatever is done with it fails the test."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __call__(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise AssertionError(f"gone: {self.__dict__['_name']}")

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("__"):  # pytest looks for these in everything that a test module holds
            raise AttributeError(attribute)
        raise AssertionError(f"gone: {self.__dict__['_name']}.{attribute}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "asyncio: run the coroutine in an event loop of its own")
    for directory in map(Path, config.args):
        for file in sorted(directory.glob("test_*.py")) if directory.is_dir() else [directory]:
            for module, name in _imports(file):
                _provide(module, name)
    for module, name in _PATCHED:
        _provide(module, name)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(function(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        worse = _outcomes.get(report.nodeid, {}).get("outcome") == "failed"
        if not worse:
            _outcomes[report.nodeid] = {"outcome": report.outcome, "message": _message(report)}


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _outcomes[report.nodeid] = {"outcome": "not collected", "message": str(report.longrepr)[-500:]}


def pytest_sessionfinish() -> None:
    Path(os.environ["CODEMODE_OUTCOMES"]).write_text(json.dumps(_outcomes))


def _imports(file: Path) -> Iterator[tuple[str, str | None]]:
    for statement in ast.parse(file.read_text()).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == "codemode":
            for alias in statement.names:
                yield statement.module or "", alias.name
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name.split(".")[0] == "codemode":
                    yield alias.name, None


def _provide(module: str, name: str | None) -> None:
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError) and "is gone" not in str(error):
            raise
        found = sys.modules[module] = ModuleType(module)
        found.__path__ = []
        parent, _, last = module.rpartition(".")
        _provide(parent, None)
        setattr(sys.modules[parent], last, found)
    if name is not None and not hasattr(found, name):
        setattr(found, name, Gone(f"{module}.{name}"))


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr or "")[-500:]
