"""What the error of a program looks like: its own lines, no runner frames, and nothing that breaks the report."""

from __future__ import annotations

import sys

import pytest

from .conftest import Run
from .harness import FAILED, Tool

ANCHORS = sys.version_info >= (3, 11)
CALL_ANCHORS = sys.version_info >= (3, 13)


def text(*lines: str) -> str:
    """Joins lines, leaving out what this Python does not print (None)."""
    return "".join(f"{line}\n" for line in lines if line)


def test_traceback_names_the_lines_of_the_program(run: Run) -> None:
    finished = run("def half(x):\n    return 1 / x\n\nprint('e'); half(0)")
    assert finished.outcome == FAILED
    assert finished.error == {
        "type": "ZeroDivisionError",
        "message": "division by zero",
        "traceback": text(
            "Traceback (most recent call last):",
            '  File "<program>", line 4, in <module>',
            "    print('e'); half(0)",
            "                ^^^^^^^"
            if ANCHORS and not CALL_ANCHORS
            else "                ~~~~^^^"
            if CALL_ANCHORS
            else "",
            '  File "<program>", line 2, in half',
            "    return 1 / x",
            "           ~~^~~" if ANCHORS else "",
            "ZeroDivisionError: division by zero",
        ),
        "line": 2,
        "column": 12 if ANCHORS else 0,
    }


def test_column_counts_characters(run: Run) -> None:
    finished = run("x = 'éé✓'; y = 1 / 0")
    assert (finished.error["line"], finished.error["column"]) == (1, 16 if ANCHORS else 0)


def test_library_frames_below_the_program_stay(run: Run) -> None:
    finished = run("import json\njson.loads('{')")
    lines = finished.error["traceback"].splitlines()
    assert lines[1] == '  File "<program>", line 2, in <module>'
    assert "json/decoder.py" in finished.error["traceback"]
    assert finished.error["line"] == 2


def test_frames_of_the_event_loop_above_the_program_go(run: Run) -> None:
    finished = run("async def f():\n    raise ValueError('x')\nawait f()")
    assert finished.error["traceback"] == text(
        "Traceback (most recent call last):",
        '  File "<program>", line 3, in <module>',
        "    await f()",
        '  File "<program>", line 2, in f',
        "    raise ValueError('x')",
        "ValueError: x",
    )


def test_frames_of_the_runner_below_the_program_go(run: Run) -> None:
    finished = run("tools.t(object())", Tool("t", parameters=["x"]))
    assert finished.error["traceback"].startswith(
        text("Traceback (most recent call last):", '  File "<program>", line 1, in <module>', "    tools.t(object())")
    )
    assert "codemode_worker" not in finished.error["traceback"]
    assert finished.error["message"].startswith("cannot send t(x): object is not a value (")


def test_chained_errors(run: Run) -> None:
    finished = run("try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e")
    assert finished.error["traceback"] == text(
        "Traceback (most recent call last):",
        '  File "<program>", line 2, in <module>',
        "    {}['a']",
        "    ~~^^^^^" if ANCHORS else "",
        "KeyError: 'a'",
        "\nThe above exception was the direct cause of the following exception:\n",
        "Traceback (most recent call last):",
        '  File "<program>", line 4, in <module>',
        "    raise ValueError('b') from e",
        "ValueError: b",
    )
    assert finished.error["line"] == 4


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_exception_groups(run: Run) -> None:
    finished = run(
        "def f(e):\n    raise e\n"
        "try: f(ValueError('a'))\n"
        "except ValueError as e: g = ExceptionGroup('many', [e])\n"
        "raise g"
    )
    assert finished.error["type"] == "ExceptionGroup"
    assert finished.error["message"] == "many (1 sub-exception)"
    assert "codemode_worker" not in finished.error["traceback"]
    assert "  | ExceptionGroup: many (1 sub-exception)\n" in finished.error["traceback"]
    assert "    | ValueError: a\n" in finished.error["traceback"]


@pytest.mark.parametrize(
    ("code", "type", "message"),
    [
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise GeneratorExit('x')", "GeneratorExit", "x"),
        ("exit(4)", "SystemExit", "4"),
        ("raise SystemExit('bye')", "SystemExit", "bye"),
        ("import asyncio\nraise asyncio.CancelledError", "CancelledError", ""),
        ("await __import__('asyncio').sleep(0)\nraise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise MemoryError", "MemoryError", ""),
        ("class Mine(Exception): pass\nraise Mine('m')", "Mine", "m"),
        ("class E(Exception):\n    def __str__(self): 1/0\nraise E", "E", "<exception str() failed>"),
        ("class E(Exception):\n    def __str__(self): return 5\nraise E", "E", "<exception str() failed>"),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E", "E", "<exception str() failed>"),
        ("class E(Exception):\n    def __str__(self): return str(self)\nraise E", "E", "<exception str() failed>"),
        (
            "class M(type):\n    @property\n    def __name__(cls): 1/0\n"
            "class E(Exception, metaclass=M): pass\nraise E('x')",
            "E",
            "x",
        ),
        (
            "class M(type):\n    @property\n    def __module__(cls): 1/0\n    def __getattribute__(cls, name): 1/0\n"
            "class E(Exception, metaclass=M): pass\nraise E('x')",
            "E",
            "x",
        ),
        ("raise ValueError('\\ud800')", "ValueError", "\\ud800"),
        ("import sys\nsys.excepthook = 5\nraise ValueError('x')", "ValueError", "x"),
        ("import sys\nsys.tracebacklimit = 0\nraise ValueError('x')", "ValueError", "x"),
        ("import traceback\ntraceback.TracebackException = None\nraise ValueError('x')", "ValueError", "x"),
        ("e = ValueError('x')\ne.__cause__ = e\nraise e", "ValueError", "x"),
        ("e = ValueError('x')\ne.__traceback__ = None\nraise e", "ValueError", "x"),
        ("raise type('E' * 10000, (Exception,), {})('x')", "E" * 10000, "x"),
    ],
)
def test_error_of_any_kind_is_reported(run: Run, code: str, type: str, message: str) -> None:
    finished = run(code)
    assert finished.outcome == FAILED
    assert (finished.error["type"], finished.error["message"]) == (type, message)
    assert finished.error["traceback"].endswith("\n")


def test_huge_message_is_cut_in_its_middle(run: Run) -> None:
    finished = run("raise ValueError('a' * 10_000_000 + 'z')")
    message = finished.error["message"]
    assert len(message) <= 8 * 1024
    assert message.endswith("aaaz")
    half = 8 * 1024 // 2 - 32
    assert f"\n[… {10_000_001 - 2 * half} characters left out …]\n" in message
    assert len(finished.error["traceback"]) <= 32 * 1024


def test_recursion_is_shortened(run: Run) -> None:
    finished = run("def f(n):\n    return f(n + 1)\nf(0)")
    assert finished.error["type"] == "RecursionError"
    assert finished.error["message"] == "maximum recursion depth exceeded"
    assert "  [Previous line repeated 9" in finished.error["traceback"]
    assert len(finished.error["traceback"]) < 2000
    assert finished.error["line"] == 2


def test_recursion_of_two_is_cut(run: Run) -> None:
    finished = run("def f(n):\n    return g(n + 1)\ndef g(n):\n    return f(n + 1)\nf(0)")
    traceback = finished.error["traceback"]
    assert len(traceback) <= 32 * 1024
    assert " characters left out …]\n" in traceback
    assert traceback.splitlines()[-1].startswith("RecursionError: maximum recursion depth exceeded")


def test_recursion_in_a_repr(run: Run) -> None:
    finished = run("class A:\n    def __repr__(self): return repr(self)\nraise ValueError(A())")
    assert (finished.outcome, finished.error["type"]) == (FAILED, "ValueError")
    assert finished.error["message"] == "<exception str() failed>"


def test_long_chain_is_cut(run: Run) -> None:
    finished = run(
        "def chain(n):\n"
        "    e = ValueError(0)\n"
        "    for i in range(1, n):\n"
        "        new = ValueError(i)\n"
        "        new.__context__ = e\n"
        "        e = new\n"
        "    return e\n"
        "raise chain(100_000)\n"
    )
    assert finished.error["message"] == "99999"
    assert finished.error["traceback"].count("During handling of the above exception") == 50


def test_syntax_error_at_run_time_is_a_failure(run: Run) -> None:
    finished = run("x = 1\nexec('1 +')")
    assert (finished.outcome, finished.error["type"], finished.error["line"]) == (FAILED, "SyntaxError", 2)
