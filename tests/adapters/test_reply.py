"""What a model reads about how its program ended. Needs no framework."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codemode import (
    Codemode,
    ExecutionError,
    ExecutionResult,
    ExecutorClientError,
    ExecutorConnectionError,
    ExecutorTimeoutError,
    ToolCall,
)
from codemode.integrations import reply
from codemode.integrations.program_tool import ProgramTool

FAILED = ExecutionResult(
    success=False, error="ValueError: no (line 1)", code="raise ValueError('no')", outcome="failed"
)
AGAIN = "Correct the program and send the whole of it again: its variables are gone."


@pytest.fixture
def program_tool(codemode: Codemode) -> ProgramTool:
    return ProgramTool(codemode.registry, codemode.executor_client, execution_timeout=5)


@pytest.mark.parametrize("value", ["4", '"hello"', "null", "[]", '""', "false"])
def test_a_value_is_shown_as_it_is(value: str) -> None:
    assert reply.of_result(ExecutionResult(success=True, result=value, code="result = f()")) == value


@pytest.mark.parametrize("code", ["print('x')", "results = 1", None, ""])
def test_a_program_that_does_not_name_result_and_has_no_value(code: str | None) -> None:
    for value in ("null", None):
        assert reply.of_result(ExecutionResult(success=True, result=value, code=code)) == reply.NO_RESULT


def test_output_of_a_program_that_has_a_value_is_not_shown(program_tool: ProgramTool) -> None:
    assert program_tool.run("print('noise')\nresult = 1") == "1"


def test_output_is_bounded_at_its_end(program_tool: ProgramTool) -> None:
    text = program_tool.run("import sys\nprint('a' * 9999)\nprint('end')\nprint('bad', file=sys.stderr)")
    shown = "a" * (reply.MAX_OUTPUT - 4) + "\nend"
    assert text == f"{reply.NO_RESULT}\n\nStdout:\n[… 8003 characters left out]\n{shown}\n\nStderr:\nbad"


def test_library_frames_are_named_without_where_they_are(program_tool: ProgramTool) -> None:
    text = program_tool.run("import json\njson.loads('{')")
    assert text.startswith("ERROR: JSONDecodeError: Expecting property name enclosed in double quotes")
    assert "  File \"<program>\", line 2, in <module>\n    json.loads('{')\n" in text
    assert '  File "json/decoder.py", line ' in text
    assert 'File "/' not in text


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        ("/opt/venv/lib/python3.12/site-packages/numpy/core/x.py", "numpy/core/x.py"),
        ("/usr/lib/python311.zip/json/x.py", "json/x.py"),
        ("/home/me/python/x/y.py", "x/y.py"),
        ("/srv/app/main.py", "main.py"),
        ("<program>", "<program>"),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>"),
    ],
)
def test_paths(path: str, shown: str) -> None:
    assert reply.without_paths(f'  File "{path}", line 1, in f') == f'  File "{shown}", line 1, in f'


def test_a_program_that_does_not_compile(program_tool: ProgramTool) -> None:
    assert program_tool.run("(") == (
        "ERROR: SyntaxError: '(' was never closed (line 1)\n\n"
        "  File \"<program>\", line 1\n    (\n    ^\nSyntaxError: '(' was never closed\n\n"
        "The program was not run. Correct it and send the whole program again."
    )


def test_a_program_in_a_fence_is_told_about_it(program_tool: ProgramTool) -> None:
    assert program_tool.run("```python\n1\n```").endswith("again. Send plain Python, without ``` around it.")


def test_a_program_that_is_killed(program_tool: ProgramTool) -> None:
    assert program_tool.run("import os\nos._exit(3)") == (
        "ERROR: LimitExceeded: the program ended its process with status 3 before it finished\n\n"
        "The program was stopped before its end. Write one that does without what stopped it."
    )


def test_completed_tool_calls_are_named_with_how_often() -> None:
    def call(name: str, status: Any = "success") -> ToolCall:
        return ToolCall(name=name, status=status)

    calls = [call("price"), call("refund"), call("refund"), call("broken", "error")]
    assert reply.of_result(replace(FAILED, tool_calls=calls)) == (
        f"ERROR: ValueError: no (line 1)\n\n{AGAIN} "
        "These tool calls completed, and what they changed stays: refund (2 times), price."
    )
    many = [call(f"tool{number}") for number in range(21)]
    assert reply.of_result(replace(FAILED, tool_calls=many)).endswith("tool19, ….")


def test_long_errors_and_tracebacks_are_bounded() -> None:
    details = ExecutionError("ValueError", "x", traceback="begin\n" + "x" * 99_999 + "\nend")
    text = reply.of_result(replace(FAILED, error="e" * 99_999, error_details=details))
    assert len(text) < 7_000
    assert "begin\n" in text
    assert "x\nend" in text


@pytest.mark.parametrize(
    ("error", "begin"),
    [
        (ExecutorTimeoutError("http://10.0.0.7 took long"), "EXECUTOR ERROR: the request took too long"),
        (ExecutorConnectionError("http://10.0.0.7 is down"), "EXECUTOR ERROR: the code executor could not be reached"),
        (ExecutorClientError("key k at http://10.0.0.7"), "EXECUTOR ERROR: the code executor refused the request"),
    ],
)
def test_errors_of_the_executor_are_told_without_their_message(error: ExecutorClientError, begin: str) -> None:
    text = reply.of_executor_error(error)
    assert text.startswith(begin)
    assert "10.0.0.7" not in text
