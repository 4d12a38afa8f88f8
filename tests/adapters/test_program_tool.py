"""The tool that every adapter is. Needs no framework."""

from __future__ import annotations

import logging

import pytest

from codemode import Codemode
from codemode.integrations.program_tool import ProgramTool

FOREVER = "while True: pass"


def made(codemode: Codemode, **options: object) -> ProgramTool:
    return ProgramTool(codemode.registry, codemode.executor_client, **options)  # type: ignore[arg-type]


def test_a_longer_time_that_is_asked_for_outlasts_the_clients(
    codemode: Codemode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codemode.executor_client, "timeout", 1)
    first = made(codemode, execution_timeout=2).run(FOREVER).splitlines()[0]
    assert first.startswith("ERROR: Timeout: the program ran longer than its limit of 2 s: ")


def test_without_a_time_the_program_ends_before_the_request_does(
    codemode: Codemode, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a short request little is left for the way there and back: a slow machine gets another chance.
    for timeout in (1, 7, 14):
        monkeypatch.setattr(codemode.executor_client, "timeout", timeout)
        text = made(codemode).run(FOREVER)
        if not text.startswith("EXECUTOR ERROR: "):
            break
    assert text.startswith("ERROR: Timeout: the program ran longer than its limit of ")


def test_a_request_that_runs_out_of_time_says_what_may_have_happened(
    codemode: Codemode, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The executor's answer comes too late: what is left of the request's time is less than what the program may take.
    monkeypatch.setattr(codemode.executor_client, "timeout", 0.5)
    monkeypatch.setattr("codemode.integrations.program_tool._MARGIN", -10.0)
    text = made(codemode, execution_timeout=5).run(FOREVER)
    assert text.startswith("EXECUTOR ERROR: the request took too long and was cancelled. The program may have run in")


def test_limits_are_those_given_else_those_of_the_registry(codemode: Codemode) -> None:
    names = ("execution_timeout", "tool_call_timeout", "max_code_length")
    tool = made(codemode)
    assert [tool.limit(name) for name in names] == [None, None, None]
    codemode.registry.update_config(execution_timeout=1, tool_call_timeout=2, max_code_length=3)
    assert [tool.limit(name) for name in names] == [1, 2, 3]
    codemode.registry.set_config("code_timeout", 4)
    assert tool.limit("execution_timeout") == 4
    given = made(codemode, execution_timeout=5, tool_call_timeout=6, max_code_length=7)
    assert [given.limit(name) for name in names] == [5, 6, 7]


def test_a_filter_that_names_unknown_tools_is_logged(codemode: Codemode, caplog: pytest.LogCaptureFixture) -> None:
    codemode.registry.register_tool("here", lambda: 1)
    tool = made(codemode, tool_filter=["here", "later", "misspelt"])
    assert [(record.name, record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            "codemode.integrations",
            logging.WARNING,
            "tool_filter names tools that are not registered, or not yet: later, misspelt",
        )
    ]
    codemode.registry.register_tool("later", lambda: 2)
    assert tool.run("tools['here'].run() + tools['later'].run()") == "3"


def test_how_programs_end_is_logged_with_their_correlation_id(
    codemode: Codemode, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "codemode.integrations"):
        made(codemode).run("1")
        made(codemode).run("1/0")
    completed, failed = (record for record in caplog.records if record.name == "codemode.integrations")
    assert completed.getMessage().startswith("program completed (correlation id cm-")
    assert failed.getMessage().startswith(
        "program failed: ZeroDivisionError: division by zero (line 1) (correlation id cm-"
    )
    assert (completed.levelno, failed.levelno) == (logging.DEBUG, logging.INFO)
