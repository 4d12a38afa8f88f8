"""Programs that use up all they may, over and over, beside one that wants little: what it waits, and who is left."""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from .contract import Client
from .executors import KEY, Executor, running
from .test_limits_named import grow

MIB = 2**20

BOMBER = """
import os, sys, threading, traceback
from tests.python.service.contract import Client
from tests.python.service.test_limits_named import told
target, key, program = sys.argv[1:]
def bomb():
    client = Client(target, key)
    try:
        while True:
            end = ": ".join(told(client.run(program, ["echo"], timeout=90, cpu_time=1)))
            sys.stdout.write(end + "\\n")  # at once: the others write too
            sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
for _ in range(4):
    threading.Thread(target=bomb, daemon=True).start()
sys.stdin.read()
"""

FAILS = r"failed MemoryError: the limit on memory is 256\.0 MiB: ask for up to 2\.0 GiB with `limits\.memory`"
KILLED = (
    r"killed memory: the program used \d+\.\d MiB of memory; "
    r"the limit is 256\.0 MiB: ask for up to 2\.0 GiB with `limits\.memory`"
)


@pytest.mark.parametrize(
    ("without", "end"),
    [
        pytest.param((), FAILS, id="rlimits and control groups"),
        pytest.param(("cgroup",), FAILS, id="rlimits alone"),
        pytest.param(("rlimits",), KILLED, id="control groups alone"),
    ],
)
def test_memory_bombs_leave_the_others_and_the_executor_alone(
    without: tuple[str, ...], end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four at a time, each up to its 256 MiB (and by itself never more than 512), over and over."""
    arguments = [argument for layer in without for argument in ("--without-layer", layer)]
    with running("--allow-missing-layers", "--idle-workers", "8", *arguments) as executor:
        report = {layer.name: layer.state for layer in executor.client().info().jail.layers}
        if without == ("rlimits",) and report["cgroup"] != "on":
            pytest.skip(f"needs the layer cgroup, which is {report['cgroup']}")
        holds_beside(executor, grow(512 * MIB), end, capsys)


CPU = r"killed cpu_time: the program used 1\.\d s of processor time; the limit is 1 s: ask .*"
USES = {
    "processor time": ("while True: pass", CPU),
    "threads": (
        "import threading\nstop = threading.Event()\n"
        "try:\n    while True: threading.Thread(target=stop.wait, daemon=True).start()\n"
        "finally: stop.set()",
        r"failed RuntimeError: can't start new thread; the limit on threads is 64: .*",
    ),
    "descriptors": (
        "kept = []\nwhile True: kept.append(open('/dev/null'))",
        r"failed OSError: \[Errno 24\] Too many open files: '/dev/null'; the limit on open files is 64: .*",
    ),
    "scratch bytes": (
        "with open('/tmp/full', 'wb', buffering=0) as file:\n    while True: file.write(bytes(2**20))",
        r"failed OSError: \[Errno (27|28)\] .*",
    ),
    "scratch files": (
        "import itertools\nfor number in itertools.count(): open(f'/tmp/{number}', 'x').close()",
        r"failed OSError: \[Errno 28\] .*",
    ),
    "output": (
        "while True: print('x' * 2**16)",
        r"killed output: .*|" + CPU,
    ),
    "frames": (
        "while True: tools.echo(text='x' * (3 * 2**20))",
        CPU + r"|timed_out wall_time: .*",
    ),
    "tool calls": (
        "while True: tools.echo(n=1)",
        r"failed ToolError: .*the limit of 1000 tool calls is reached.*|timed_out wall_time: .*|" + CPU,
    ),
}


@pytest.mark.parametrize(("program", "end"), USES.values(), ids=USES)
def test_what_is_used_up_leaves_the_others_and_the_executor_alone(
    program: str, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running("--allow-missing-layers", "--idle-workers", "8") as executor:
        holds_beside(executor, program, end, capsys)


def holds_beside(executor: Executor, program: str, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Four at a time end as `end` says, and small executions beside them go on."""
    with contextlib.closing(executor.client()) as client:
        latencies(client, 20)
        zygote = executor.zygote()
        alone: list[float] = []
        beside: list[float] = []
        ends: set[str] = set()
        for turn in range(9):  # in turns: the machine is not as busy all the time
            alone += latencies(client)
            with bombs(executor, program, ends):
                beside += latencies(client)
            quiet, busy = p99(alone), p99(beside)
            # Of three turns the slowest two executions decide. Where they are too slow there are more turns: it may
            # have been the machine that stood still for a moment.
            if turn == 2 and busy < max(300, 30 * quiet):
                break
        assert [each for each in ends if not re.fullmatch(end, each, re.DOTALL)] == []
        with capsys.disabled():
            print(f"\n  p99 beside four of them: {busy:.1f} ms, alone {quiet:.1f} ms: {busy / quiet:.1f} times")
        # They use the processors too, four on however many there are: an execution waits for turns, never for memory.
        assert busy < max(300, 30 * quiet), (quiet, busy)
        assert executor.zygote() == zygote
        assert client.run("result = 1").outcome == "completed"


@contextlib.contextmanager
def bombs(executor: Executor, program: str, ends: set[str]) -> Iterator[None]:
    """From the first that has ended on; `ends` gets how each did."""
    command = [sys.executable, "-c", BOMBER, executor.target, KEY, program]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ends.add(process.stdout.readline().strip())
        yield
    finally:
        process.kill()
        ends |= {line.strip() for line in process.stdout if line.endswith("\n")}
        process.wait()
        process.stdin.close()
        process.stdout.close()


def latencies(client: Client, count: int = 50) -> list[float]:
    """Milliseconds of each of so many small executions, one after the other."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        assert client.run("result = 2 + 2").outcome == "completed"
        times.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.005)
    return times


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[-1]
