"""What a program may be, what it returns, and how it fails."""

from __future__ import annotations

import datetime
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest

from codemode import Codemode, ExecutionFailedError

CONSTANTS = {"LC_ALL", "LD_BIND_NOW", "PYTHONHASHSEED", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}


class TestValues:
    @pytest.mark.parametrize(
        ("program", "document"),
        [
            ("result = 2 + 2", "4"),
            ("result = 'hello'", '"hello"'),
            ("result = {'a': 1}", '{"a":1}'),
            ("result = [1, 2]", "[1,2]"),
            ("result = (1, 2)", "[1,2]"),
            ("result = True", "true"),
            ("result = None", "null"),
            ("result = ''", '""'),
            ("result = 0", "0"),
            ("result = 2**200", str(2**200)),
            ("result = '✓é'", '"✓é"'),
            ("2 + 2", "4"),
            ("result = 1\n2", "1"),
            ("x = 1", "null"),
            ("", "null"),
            ("print('only')", "null"),
        ],
    )
    def test_a_value_is_a_json_document(self, local_codemode: Codemode, program: str, document: str) -> None:
        assert local_codemode.execute(program) == document

    @pytest.mark.parametrize(
        "value",
        [
            b"\x00\xff",
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.timezone.utc),
            datetime.date(2026, 1, 2),
            datetime.time(3, 4),
            datetime.timedelta(days=-1, microseconds=5),
            Decimal("1.10"),
            uuid.UUID(int=7),
            {1, 2, 3},
            frozenset({"a"}),
            (1, (2,)),
            1 + 2j,
            float("inf"),
            2**300,
            {1: "x", None: "y", (1, 2): "z"},
            {"$": 1},
            {"nested": [{"deep": (b"x", {"a"})}]},
        ],
        ids=repr,
    )
    def test_values_are_lossless_both_ways(self, local_codemode: Codemode, value: Any) -> None:
        received: list[Any] = []

        def echo(x: Any) -> Any:
            received.append(x)
            return x

        local_codemode.registry.register_tool("echo", echo)
        local_codemode.with_config(value=value)
        result = local_codemode.run("result = tools.echo(x=config['value'])")
        assert result.success, result.error
        assert received == [value]
        assert result.value == value
        assert type(result.value) is type(value)
        json.loads(result.result or "")

    def test_a_value_that_cannot_be_sent_names_its_path(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("result = {'rows': [1, object()]}")
        assert result.outcome == "failed"
        assert "result.rows[1]: object" in (result.error or "")


class TestFailures:
    def test_an_exception_names_the_programs_line(self, local_codemode: Codemode) -> None:
        with pytest.raises(ExecutionFailedError) as raised:
            local_codemode.execute("def f():\n    return 1 / 0\n\nf()")
        result = raised.value.result
        assert str(raised.value) == "the execution failed: ZeroDivisionError: division by zero (line 2)"
        assert result.error_details is not None
        assert (result.error_details.error_type, result.error_details.line) == ("ZeroDivisionError", 2)
        traceback = result.error_details.traceback or ""
        assert 'File "<program>", line 4' in traceback
        assert "return 1 / 0" in traceback
        assert "/runner" not in traceback

    def test_a_program_that_does_not_compile_is_rejected(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("x = 1\nresult = (1 +")
        assert (result.outcome, result.success, result.result) == ("rejected", False, None)
        assert result.error_details is not None
        assert (result.error_details.error_type, result.error_details.line) == ("SyntaxError", 2)

    def test_what_was_printed_before_the_failure_is_kept(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("import sys\nprint('before')\nprint('err', file=sys.stderr)\n1/0")
        assert result.stdout == "before\n"
        assert result.stderr.startswith("err\n")

    def test_ordinary_programs_are_not_refused(self, local_codemode: Codemode) -> None:
        program = """
import ast, asyncio, collections, dataclasses, itertools, json, math, os, re, statistics, subprocess, sys, threading
names = re.compile(r"\\w+").findall("open file eval exec")
while True:
    break
result = [ast.literal_eval("[1]"), names, getattr(math, "pi") > 3, "\\x41", len("x" * 5000)]
"""
        assert local_codemode.run(program).value == [[1], ["open", "file", "eval", "exec"], True, "A", 5000]

    def test_top_level_await_works(self, local_codemode: Codemode) -> None:
        program = """
import asyncio
async def f(n):
    await asyncio.sleep(0)
    return n
result = [await f(1), *await asyncio.gather(f(2), f(3))]
"""
        assert local_codemode.run(program).value == [1, 2, 3]


class TestLimits:
    @pytest.mark.parametrize(
        "program", ["while True: pass", "import time; time.sleep(60)", "import asyncio\nawait asyncio.sleep(60)"]
    )
    def test_the_wall_time_ends_a_program_and_keeps_its_output(self, local_codemode: Codemode, program: str) -> None:
        result = local_codemode.run(f"print('before', flush=True)\n{program}", execution_timeout=2)
        assert (result.outcome, result.limit, result.stdout) == ("timed_out", "wall_time", "before\n")
        assert (result.duration_ms or 0) < 10_000
        assert local_codemode.execute("1") == "1"

    def test_memory_is_limited(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("x = bytearray(2**30)\nresult = len(x)", limits={"memory": 128 * 2**20})
        assert not result.success
        assert result.outcome == "killed" or result.error_details.error_type == "MemoryError"  # type: ignore[union-attr]
        assert local_codemode.execute("1") == "1"

    def test_output_is_capped_and_the_rest_counted(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("print('x' * 100_000)", limits={"output": 10_000})
        assert len(result.stdout) < 20_000
        assert result.usage.output_dropped >= 90_000

    def test_a_crash_is_an_outcome(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("import os\nos.abort()")
        assert result.outcome == "killed"
        assert result.limit in ("crash", "system_call")
        assert local_codemode.execute("1") == "1"

    def test_tool_calls_are_limited(self, local_codemode: Codemode) -> None:
        local_codemode.registry.register_tool("tick", lambda: None)
        result = local_codemode.run("while True: tools.tick()", limits={"tool_calls": 10})
        assert not result.success
        assert len(result.tool_calls) <= 10


class TestIsolation:
    def test_nothing_of_the_host_is_in_the_environment_and_the_key_is_nowhere(
        self, executor: Codemode, local_codemode: Codemode
    ) -> None:
        program = """
import os, sys, gc
result = [dict(os.environ), sys.argv, repr([o for o in gc.get_objects() if isinstance(o, (dict, list))])]
"""
        environment, argv, memory = local_codemode.run(program).value
        # Constants of the zygote, and nothing of the host.
        assert set(environment) <= CONSTANTS
        assert executor._local is not None
        assert executor._local.api_key not in memory + repr(argv)

    @pytest.mark.parametrize(
        "program",
        [
            "open('/etc/passwd').read()",
            "import os; os.listdir('/root')",
            "import socket; socket.create_connection(('127.0.0.1', 80), 1)",
            "import socket; socket.getaddrinfo('example.com', 80)",
            "import subprocess; subprocess.run(['/bin/true'], check=True)",
            "import os; os.kill(os.getppid(), 9)",
        ],
    )
    def test_nothing_outside_is_reached(self, local_codemode: Codemode, program: str) -> None:
        result = local_codemode.run(f"{program}\nresult = 'reached'")
        assert not result.success
        assert result.outcome in ("failed", "killed")

    def test_executions_share_nothing(self, local_codemode: Codemode) -> None:
        local_codemode.run("import builtins, pathlib\nbuiltins.left = 1\npathlib.Path('/tmp/left').write_text('x')")
        program = "import builtins, os\nresult = [hasattr(builtins, 'left'), os.listdir('/tmp')]"
        assert local_codemode.run(program).value == [False, []]


class TestOutput:
    def test_output_is_streamed_as_it_is_written(self, local_codemode: Codemode) -> None:
        pieces: list[tuple[str, str]] = []
        seen_by_tool: list[int] = []
        local_codemode.registry.register_tool("look", lambda: seen_by_tool.append(len(pieces)))
        program = "print('one', flush=True)\ntools.look()\nprint('two')"
        result = local_codemode.run(program, on_output=lambda *piece: pieces.append(piece))
        assert "".join(text for _, text in pieces) == "one\ntwo\n" == result.stdout

    def test_both_streams_are_kept_apart(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("import sys\nprint('é')\nprint('err', file=sys.stderr)")
        assert (result.stdout, result.stderr) == ("é\n", "err\n")
        assert result.usage.output == len("é\nerr\n".encode())

    def test_usage_is_measured(self, local_codemode: Codemode) -> None:
        result = local_codemode.run("sum(range(1_000_000))")
        assert 0 < result.usage.wall_time < 10
        assert 0 < (result.duration_ms or 0) < 10_000
        assert result.jail_profile


def test_thread_limit_of_an_execution_holds(local_codemode: Codemode) -> None:
    program = (
        "import threading\ngate = threading.Event()\nresult = 1\ntry:\n    while True:\n"
        "        threading.Thread(target=gate.wait, daemon=True).start()\n        result += 1\n"
        "except RuntimeError:\n    gate.set()\n"
    )
    assert local_codemode.run(program, limits={"tasks": 5}).value == 5


def test_truncated_output_is_marked_once_whatever_ends_the_program(local_codemode: Codemode) -> None:
    for end in ("", "raise ValueError", "while True: pass"):
        result = local_codemode.run(f"print('x' * 5000)\n{end}", 2, limits={"output": 100})
        assert (result.stdout.count("x"), result.stdout.count("[output truncated")) == (100, 1), end
