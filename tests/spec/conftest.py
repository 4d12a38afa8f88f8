"""`world`: a real executor for the specification's checks, and the counts at the end of the run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.service.executors import KEY, running

from .world import World

_passed: Counter[str] = Counter()
_total: Counter[str] = Counter()
_KINDS = {
    "heading": "headings",
    "import": "imports",
    "signature": "signatures",
    "parameter": "rows",
    "description": "descriptions",
    "raises": "raises",
    "returns": "returns",
    "variable": "variables",
    "claim": "sentences",
    "example": "examples",
    "label": "labels",
}


@pytest.fixture(scope="session")
def executor() -> Iterator[tuple[str, str]]:
    """Address and key of an executor that runs as a service."""
    with running("--profile", os.environ.get("CODEMODE_TEST_PROFILE", "standard")) as process:
        yield f"http://{process.target}", KEY


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in list(os.environ):
        if name.startswith("CODEMODE_") and name not in {"CODEMODE_EXECUTABLE", "CODEMODE_REQUIRE_ADAPTERS"}:
            monkeypatch.delenv(name)
    for name in ("CREWAI_DISABLE_TELEMETRY", "CREWAI_DISABLE_TRACKING", "OTEL_SDK_DISABLED"):
        monkeypatch.setenv(name, "true")
    monkeypatch.chdir(tmp_path)
    made = World(lambda: request.getfixturevalue("executor"), tmp_path)
    from codemode.core.registry import reset_context

    reset_context()
    try:
        yield made
    finally:
        made.close()
        reset_context()


def pytest_configure(config: pytest.Config) -> None:
    # Warnings within a framework are not the package's.
    config.addinivalue_line("filterwarnings", r"ignore:::crewai(\.|$)")
    config.addinivalue_line("filterwarnings", "ignore:Cannot set an attribute on 'crewai:ImportWarning")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    kind = dict(report.user_properties).get("specification")
    if kind is not None and (report.when == "call" or report.skipped):
        _total[str(kind)] += 1
        _passed[str(kind)] += report.passed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _total:
        terminalreporter.section("specification")
        for kind, words in _KINDS.items():
            if _total[kind]:
                terminalreporter.write_line(f"{words:14} {_passed[kind]:4} of {_total[kind]:4}")
        terminalreporter.write_line(f"{'all':14} {_passed.total():4} of {_total.total():4}")
