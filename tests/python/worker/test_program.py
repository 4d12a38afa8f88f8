"""What a program is: its value, its globals, `await` at the top level, how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Run
from .harness import COMPLETED, FAILED, REJECTED


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("result = 2 + 2", "4"),
        ("2 + 2", "4"),
        ("x = 1", "null"),
        ("", "null"),
        ("# only a comment", "null"),
        ("'a string'", '"a string"'),
        ("result = 1\n2", "1"),
        ("result = None\n2", "null"),
        ("def f():\n    return 7\nf()", "7"),
        ("if True:\n    5", "null"),
        ("result = {'when': __import__('datetime').date(2024, 1, 1)}", '{"when":{"$":["date","2024-01-01"]}}'),
        ("result = 'é ✓ \\ud800'", '"\\u00e9 \\u2713 \\ud800"'),
        ("from __future__ import annotations\ndef f(x: Missing): ...\nresult = f.__annotations__", '{"x":"Missing"}'),
        ("__name__", '"__main__"'),
        ("result = 1\nexit(0)", "1"),
        ("result = 1\nimport sys\nsys.exit()", "1"),
        ("exit()", "null"),
        ("config", "{}"),
    ],
)
def test_value_of_a_program(run: Run, code: str, text: str) -> None:
    finished = run(code)
    assert (finished.outcome, finished.text) == (COMPLETED, text)
    assert (finished.stdout, finished.stderr) == (b"", b"")


def test_config_is_decoded(run: Run) -> None:
    finished = run("config['day'].year, config['n']", config='{"day":{"$":["date","2024-01-01"]},"n":1}')
    assert finished.value == {"$": ["tuple", [2024, 1]]}


def test_seed_makes_what_is_random_repeatable(run: Run) -> None:
    code = "import random, uuid\nresult = [random.random(), str(uuid.uuid4())]"
    one, same, other = (run(code, seed=seed).value for seed in ("01" * 32, "01" * 32, "02" * 32))
    assert one == same
    assert one[0] != other[0]
    assert one[1] != other[1]


# === await ===


def test_await_at_the_top_level(run: Run) -> None:
    finished = run("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x\nawait f(3)")
    assert finished.text == "3"


def test_async_statements_at_the_top_level(run: Run) -> None:
    finished = run(
        "import asyncio\n"
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\n"
        "async def manager():\n"
        "    yield 1\n"
        "async def numbers():\n"
        "    yield 2\n"
        "result = []\n"
        "async with manager() as x:\n"
        "    result.append(x)\n"
        "async for y in numbers():\n"
        "    result.append(y)\n"
        "result += [z async for z in numbers()]\n"
    )
    assert finished.value == [1, 2, 2]


def test_asyncio_run_without_top_level_await(run: Run) -> None:
    finished = run("import asyncio\nasync def main():\n    return 5\nresult = asyncio.run(main())\nasyncio.run(main())")
    assert finished.text == "5"


def test_event_loop_made_by_the_program(run: Run) -> None:
    finished = run(
        "import asyncio, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "async def main():\n"
        "    return 5\n"
        "loops = [asyncio.get_event_loop(), asyncio.new_event_loop()]\n"
        "result = [loop.run_until_complete(main()) for loop in loops]"
    )
    assert (finished.text, finished.stderr) == ("[5,5]", b"")


def test_tasks_left_over_are_cancelled(run: Run) -> None:
    finished = run(
        "import asyncio\n"
        "async def forever():\n"
        "    try:\n"
        "        await asyncio.sleep(3600)\n"
        "    finally:\n"
        "        print('cancelled')\n"
        "task = asyncio.create_task(forever())\n"
        "await asyncio.sleep(0)\n"
        "result = 1\n"
    )
    assert (finished.text, finished.stdout, finished.stderr) == ("1", b"cancelled\n", b"")


def test_coroutine_as_the_value_was_never_awaited(run: Run) -> None:
    finished = run("async def main():\n    return 5\nmain()")
    message = "cannot send the last expression: coroutine 'main' was never awaited (write `await` before the call)"
    assert finished.outcome == FAILED
    assert finished.error == {
        "type": "UnsendableValueError",
        "message": message,
        "traceback": f"UnsendableValueError: {message}\n",
        "line": 0,
        "column": 0,
    }


def test_forgotten_coroutine_is_told_on_stderr(run: Run) -> None:
    finished = run("async def main():\n    return 5\nmain()\nresult = 1")
    assert finished.text == "1"
    assert finished.stderr == b"<program>:3: RuntimeWarning: coroutine 'main' was never awaited\n  main()\n" + (
        b"RuntimeWarning: Enable tracemalloc to get the object allocation traceback\n"
    )


# === a real module ===


def test_program_is_a_real_main_module(run: Run) -> None:
    finished = run(
        "from __future__ import annotations\n"
        "import copy, dataclasses, enum, inspect, pickle, sys, typing\n"
        "@dataclasses.dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "    next: Point | None = None\n"
        "class Colour(enum.Enum):\n"
        "    RED = 1\n"
        "def f(): return 1\n"
        "result = [\n"
        "    pickle.loads(pickle.dumps(Point(1))).x,\n"
        "    pickle.loads(pickle.dumps(Colour.RED)) is Colour.RED,\n"
        "    sorted(typing.get_type_hints(Point)) if sys.version_info >= (3, 10) else None,\n"
        "    sys.modules['__main__'].Point is Point,\n"
        "    inspect.getsource(f),\n"
        "    copy.deepcopy(Point(2, Point(3))),\n"
        "]\n"
    )
    assert finished.value == [
        1,
        True,
        ["next", "x"],
        True,
        "def f(): return 1\n",
        {"x": 2, "next": {"x": 3, "next": None}},
    ]


def test_worker_directory_is_not_on_the_import_path(run: Run) -> None:
    finished = run("import sys\nresult = [p for p in sys.path if p == '' or 'worker' in p]\nimport runner")
    assert finished.outcome == FAILED
    assert finished.error["message"] == "No module named 'runner'"


# === rejected ===


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (
            "x = 1\nresult = (1 +",
            {
                "type": "SyntaxError",
                "message": "'(' was never closed",
                "traceback": (
                    '  File "<program>", line 2\n    result = (1 +\n             ^\n'
                    "SyntaxError: '(' was never closed\n"
                ),
                "line": 2,
                "column": 10,
            },
        ),
        (
            "if True:\nx = 1",
            {
                "type": "IndentationError",
                "message": "expected an indented block after 'if' statement on line 1",
                "traceback": (
                    '  File "<program>", line 2\n    x = 1\n    ^\n'
                    "IndentationError: expected an indented block after 'if' statement on line 1\n"
                ),
                "line": 2,
                "column": 1,
            },
        ),
        (
            "return 1",
            {
                "type": "SyntaxError",
                "message": "'return' outside function",
                "traceback": (
                    "  File \"<program>\", line 1\n    return 1\n    ^^^^^^^^\nSyntaxError: 'return' outside function\n"
                ),
                "line": 1,
                "column": 1,
            },
        ),
    ],
)
def test_program_that_does_not_compile_is_rejected(run: Run, code: str, error: dict[str, Any]) -> None:
    finished = run(code)
    assert (finished.outcome, finished.error) == (REJECTED, error)


def test_program_with_a_nul_is_rejected(run: Run) -> None:
    finished = run("x = '\0'")
    assert finished.outcome == REJECTED
    assert finished.error["type"] in ("ValueError", "SyntaxError")
    assert finished.error["message"] == "source code string cannot contain null bytes"


@pytest.mark.parametrize(
    "code", ["(" * 5000 + ")" * 5000, "-" * 100_000 + "1", "x" + ".a" * 100_000, "+".join("1" * 20_000)]
)
def test_program_too_deep_for_the_compiler_does_not_crash(run: Run, code: str) -> None:
    finished = run(code)
    assert finished.outcome in (REJECTED, COMPLETED, FAILED)
    if finished.outcome == REJECTED:
        assert finished.error["type"] in ("SyntaxError", "RecursionError", "MemoryError")


def test_compiler_warning_goes_to_stderr(run: Run) -> None:
    finished = run("x = 1\nresult = x is 1")
    assert (finished.outcome, finished.text) == (COMPLETED, "true")
    assert finished.stderr.splitlines()[0] in (
        b'<program>:2: SyntaxWarning: "is" with a literal. Did you mean "=="?',
        b'<program>:2: SyntaxWarning: "is" with \'int\' literal. Did you mean "=="?',
    )


# === the end ===


def test_threads_are_waited_for(run: Run) -> None:
    finished = run(
        "import threading, time\n"
        "def work():\n"
        "    time.sleep(0.2)\n"
        "    result.append(1)\n"
        "    print('done')\n"
        "result = []\n"
        "threading.Thread(target=work).start()\n"
        "threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n"
    )
    assert (finished.value, finished.stdout) == ([1], b"done\n")


def test_threads_are_waited_for_when_the_program_fails(run: Run) -> None:
    finished = run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import time\n"
        "pool = ThreadPoolExecutor(2)\n"
        "pool.submit(lambda: (time.sleep(0.1), print('done')))\n"
        "1/0\n"
    )
    assert (finished.error["type"], finished.stdout) == ("ZeroDivisionError", b"done\n")


def test_error_of_a_thread_goes_to_stderr(run: Run) -> None:
    finished = run(
        "import threading\nt = threading.Thread(target=lambda: 1/0, name='T')\nt.start()\nt.join()\nresult = 1"
    )
    assert finished.text == "1"
    lines = finished.stderr.decode().splitlines()
    assert lines[0] == "Exception in thread T:"
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_main_thread_is_the_main_thread(run: Run) -> None:
    finished = run(
        "import threading, os\n"
        "m = threading.main_thread()\n"
        "result = [m is threading.current_thread(), m.native_id == threading.get_native_id(), m.is_alive()]"
    )
    assert finished.value == [True, True, True]


def test_daemon_thread_that_goes_on_does_not_speak_after_the_end(run: Run) -> None:
    finished = run(
        "import threading\n"
        "def chatter():\n"
        "    while True: print('x' * 100)\n"
        "threading.Thread(target=chatter, daemon=True).start()\n"
        "result = 1"
    )
    assert finished.text == "1"


def test_exit_handlers_run(run: Run) -> None:
    finished = run("import atexit\natexit.register(print, 'bye')\nresult = 1")
    assert (finished.text, finished.stdout) == ("1", b"bye\n")


def test_value_over_the_limit_fails(run: Run) -> None:
    finished = run("result = 'x' * 2000", limit=1024)
    assert finished.outcome == FAILED
    assert finished.error["type"] == "ValueTooLargeError"
    assert finished.error["message"] == "cannot send result: value of 2 KiB exceeds the limit of 1 KiB"


def test_value_that_cannot_be_sent_fails(run: Run) -> None:
    finished = run("class Connection: pass\nresult = {'rows': [1, {'conn': Connection()}]}")
    assert finished.error["type"] == "UnsendableValueError"
    assert finished.error["message"] == (
        "cannot send result.rows[1].conn: Connection is not a value (send its data instead: str, int, float, bool, "
        "None, list, dict, tuple, set, bytes, datetime, Decimal, UUID, a dataclass or a pydantic model)"
    )


def test_large_value_and_large_code(run: Run) -> None:
    finished = run(f"data = {'x' * 3_000_000!r}\nresult = list(range(300_000)) + [data]")
    assert finished.value[-1] == "x" * 3_000_000
    assert len(json.loads(finished.text)) == 300_001
