"""Bad programs: each ends its own execution, with a named outcome, and nothing else."""

from __future__ import annotations

import textwrap

import pytest

from .contract import Client, Ended

MIB = 1024 * 1024


def run(client: Client, program: str, **limits: object) -> Ended:
    return client.run(textwrap.dedent(program), ["echo"], **limits)


def test_program_that_does_not_compile_is_rejected_with_its_place(client: Client) -> None:
    ended = run(client, "x = 1\nresult = (1 +\n")
    assert ended.outcome == "rejected"
    error = ended.finished.error
    assert (error.type, error.message, error.line, error.column) == ("SyntaxError", "'(' was never closed", 2, 10)


def test_program_that_is_too_long_is_rejected(client: Client) -> None:
    ended = run(client, "#" * 101, code=100)
    assert ended.outcome == "rejected"
    error = ended.finished.error
    assert (error.type, error.message) == (
        "ProgramTooLong",
        "the program is 101 bytes; the limit is 100 bytes: ask for up to 1.0 MiB with `limits.code`",
    )


def test_exception_names_the_programs_own_lines_only(client: Client) -> None:
    ended = run(client, "def f():\n    return 1 / 0\nf()\n")
    assert ended.outcome == "failed"
    error = ended.finished.error
    assert (error.type, error.message, error.line) == ("ZeroDivisionError", "division by zero", 2)
    lines = [line for line in error.traceback.splitlines() if "File" in line]
    assert lines == ['  File "<program>", line 3, in <module>', '  File "<program>", line 2, in f']


def test_unknown_tool_lists_near_names(client: Client) -> None:
    ended = run(client, "tools['eco'].run()")
    assert ended.outcome == "failed"
    assert "ToolError" in ended.finished.error.type
    assert "echo" in ended.finished.error.message


def test_value_that_cannot_be_sent_names_its_path(client: Client) -> None:
    ended = run(client, "result = {'rows': [{'file': open('/dev/null')}]}")
    assert ended.outcome == "failed"
    assert ended.finished.error.type == "UnsendableValueError"
    assert ended.finished.error.message.startswith("cannot send result.rows[0].file: _io.TextIOWrapper is not a value")


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        """
        import signal
        for number in range(1, 32):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
        "import time\ntime.sleep(100)",
        "import asyncio\nawait asyncio.sleep(100)",
        "import threading\nthreading.Event().wait()",
        "import re\nre.match('(a+)+$', 'a' * 64 + 'b')",
    ],
    ids=["loop", "ignores every signal", "sleep", "async sleep", "deadlock", "regular expression"],
)
def test_program_that_does_not_end_is_stopped_at_its_wall_time(client: Client, code: str) -> None:
    ended = run(client, "print('begun')\n" + textwrap.dedent(code), wall_time=1.5)
    assert (ended.outcome, ended.limit) == ("timed_out", "wall_time")
    assert ended.finished.exceeded.message == (
        "the program ran longer than its limit of 1.5 s: ask for up to 300 s with `limits.wall_time` "
        "(`execution_timeout` in Python)"
    )
    assert ended.stdout == "begun\n"
    # With the time that a busy machine takes to end it; none of them ends by itself within it.
    assert 1.5 <= ended.finished.usage.wall_time.ToNanoseconds() / 1e9 < 10


def test_program_that_spins_is_stopped_at_its_processor_time(client: Client) -> None:
    ended = run(client, "while True: pass", cpu_time=1, wall_time=20)
    assert (ended.outcome, ended.limit) == ("killed", "cpu_time")
    assert ended.finished.exceeded.message.endswith(
        "of processor time; the limit is 1 s: ask for up to 300 s with `limits.cpu_time`"
    )


def test_allocation_past_the_limit_is_a_memory_error(client: Client) -> None:
    ended = run(client, "x = bytearray(10 * 1024 ** 3)")
    assert ended.outcome == "failed"
    assert ended.finished.error.type == "MemoryError"


def test_memory_limit_is_the_one_that_was_asked_for(client: Client) -> None:
    code = """
        blocks = []
        try:
            while True:
                blocks.append(bytearray(1024 * 1024))
        except MemoryError:
            count = len(blocks)
            blocks.clear()
        result = count
    """
    counts = [int(run(client, code, memory=size * MIB).finished.value) for size in (32, 128)]
    assert 16 <= counts[0] <= 34
    assert 100 <= counts[1] <= 130


def test_output_past_the_limit_is_cut_and_says_so(client: Client) -> None:
    ended = run(client, "print('x' * 2000)", output=1000)
    assert ended.outcome == "completed"
    assert ended.stdout == "x" * 1000 + "\n[output truncated: 1000 bytes of 2.0 KiB kept]\n"
    assert ended.finished.usage.output_dropped == 1001


def test_output_flood_is_stopped(client: Client) -> None:
    ended = run(client, "while True: print('x' * 10000)", output=100_000)
    assert (ended.outcome, ended.limit) == ("killed", "output")
    assert len(ended.stdout) < 101_000


def test_endless_recursion_fails(client: Client) -> None:
    ended = run(client, "def f(): f()\nf()")
    assert (ended.outcome, ended.finished.error.type) == ("failed", "RecursionError")
    assert len(ended.finished.error.traceback) < 4000


def test_endless_recursion_in_c_ends_the_worker_alone(client: Client) -> None:
    # Filling the memory with frames takes five seconds of a processor, where nobody else wants it.
    code = "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()"
    ended = client.run(code, wall_time=120, cpu_time=60, timeout=150)
    assert ended.outcome in {"failed", "killed"}
    if ended.outcome == "killed":
        assert ended.limit in {"crash", "memory"}


@pytest.mark.parametrize(
    "code",
    [
        "os.fork()",
        "os.system('true')",
        "subprocess.run(['true'])",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
    ],
)
def test_new_process_is_refused(client: Client, code: str) -> None:
    ended = run(client, f"import os, subprocess\n{code}\nprint('escaped')")
    assert ended.outcome in {"failed", "killed"} or code.startswith("os.system")
    if ended.outcome == "killed":
        assert ended.limit == "system_call"
    assert "escaped" not in ended.stdout or code.startswith("os.system")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os\nos._exit(3)", "the program ended its process with status 3 before it finished"),
        (
            "import ctypes\nctypes.string_at(0)",
            "the worker was ended by signal 11 (SIGSEGV: a bad memory access, or a stack that grew too deep)",
        ),
    ],
)
def test_end_of_the_process_is_named(client: Client, code: str, message: str) -> None:
    ended = run(client, code)
    assert (ended.outcome, ended.limit, ended.finished.exceeded.message) == ("killed", "crash", message)


def test_forbidden_system_call_is_named(client: Client) -> None:
    code = "import ctypes\nctypes.CDLL(None).syscall(101, 0, 0, 0, 0)"  # ptrace
    ended = run(client, code)
    assert (ended.outcome, ended.limit) == ("killed", "system_call")


def test_tool_calls_past_the_limit_fail_in_the_program(client: Client) -> None:
    code = """
        made = 0
        try:
            while True:
                tools.echo(n=made)
                made += 1
        except ToolError as error:
            result = made, error.type, error.message
    """
    ended = run(client, code, tool_calls=5)
    assert ended.outcome == "completed"
    assert ended.finished.value == (
        b'{"$":["tuple",[5,"ToolLimitError","the limit of 5 tool calls is reached: '
        b'ask for up to 100000 with `limits.tool_calls`"]]}'
    )
    assert len(ended.calls) == 5


def test_arguments_over_the_value_limit_fail_in_the_program(client: Client) -> None:
    ended = run(client, "tools.echo(x='x' * 10_000)", value=5_000)
    assert ended.outcome == "failed"
    assert not ended.calls


def test_value_over_the_limit_fails(client: Client) -> None:
    ended = run(client, "result = 'x' * 10_000", value=5_000)
    assert ended.outcome == "failed"
    assert "exceeds the limit" in ended.finished.error.message


def test_tool_that_does_not_answer_in_time_fails_in_the_program(client: Client) -> None:
    conversation = client.converse(start_of_silent_tool())
    conversation.receive("accepted")
    conversation.receive("tool_call")
    finished = conversation.receive("finished")
    message = "the tool did not answer within 0.2 s: ask for up to 300 s with `limits.tool_call_time`"
    assert finished.value == f'"TimeoutError: {message}"'.encode()
    conversation.end_requests()


def start_of_silent_tool() -> object:
    from .contract import start

    code = textwrap.dedent("""
        try:
            tools.silent()
        except TimeoutError as error:
            result = f"{error.type}: {error.message}"
    """)
    return start(code, ["silent"], tool_call_time=0.2)


def test_descriptors_run_out_at_the_limit(client: Client) -> None:
    code = """
        import os
        opened = 0
        try:
            while True:
                os.dup(0)
                opened += 1
        except OSError as error:
            result = opened, error.errno
    """
    ended = run(client, code, open_files=20)
    assert ended.outcome == "completed"
    assert ended.finished.value == b'{"$":["tuple",[16,24]]}'


def test_scratch_directory_is_bounded_and_does_not_outlive_its_execution(client: Client) -> None:
    code = """
        import os
        before = os.listdir('/tmp')
        written = 0
        try:
            with open('/tmp/file', 'wb') as file:
                while True:
                    written += file.write(b'x' * 65536)
                    file.flush()
        except OSError:
            pass
        result = before, written // 2 ** 20
    """
    for _ in range(3):
        ended = run(client, code)
        assert ended.outcome == "completed", ended.finished
        assert ended.finished.value in {b'{"$":["tuple",[[],15]]}', b'{"$":["tuple",[[],16]]}'}


def test_threads_are_bounded(client: Client) -> None:
    code = """
        import threading
        stop = threading.Event()
        started = 0
        try:
            for _ in range(2000):
                threading.Thread(target=stop.wait, daemon=True).start()
                started += 1
        except (RuntimeError, MemoryError):
            pass
        stop.set()
        result = started
    """
    ended = run(client, code, wall_time=10)
    assert ended.outcome == "completed", ended.finished
    assert int(ended.finished.value) <= 260
