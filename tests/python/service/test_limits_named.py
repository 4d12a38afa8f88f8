"""Every limit that ends a program, or fails it, is named: which one, how much was used, how to raise it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .contract import Client, Ended
from .executors import running

MIB = 2**20


@pytest.fixture(scope="module")
def narrow() -> Iterator[Client]:
    """An executor whose ceilings are those that its operator set."""
    with running("--memory", "64MiB", "--cpu-time", "1", "--code-timeout", "5", "--output", "1KiB") as executor:
        client = executor.client()
        yield client
        client.close()


def grow(bytes_: int) -> str:
    """A program that touches so much memory in small steps."""
    return (
        f"kept = []\nfor _ in range({bytes_ // (4 * MIB)}):\n    kept.append(bytearray(4 * 2**20))\nresult = len(kept)"
    )


CASES = [
    pytest.param(
        "while True: pass",
        {"wall_time": 0.3},
        "timed_out wall_time",
        r"the program ran longer than its limit of 0\.3 s: ask for up to 300 s with `limits\.wall_time` "
        r"\(`execution_timeout` in Python\)",
        id="wall time",
    ),
    pytest.param(
        "while True: pass",
        {"cpu_time": 1},
        "killed cpu_time",
        # The kernel counts ticks against the limit, so that it may be somewhat more.
        r"the program used 1\.\d s of processor time; the limit is 1 s: ask for up to 300 s with `limits\.cpu_time`",
        id="processor time",
    ),
    pytest.param(
        grow(512 * MIB),
        {"memory": 64 * MIB},
        "failed MemoryError",
        r"the limit on memory is 64\.0 MiB: ask for up to 2\.0 GiB with `limits\.memory`",
        id="memory",
    ),
    pytest.param(
        "import threading\nstop = threading.Event()\n"
        "try:\n    for _ in range(40): threading.Thread(target=stop.wait, daemon=True).start()\n"
        "finally: stop.set()",
        {"tasks": 8},
        "failed RuntimeError",
        r"can't start new thread; the limit on threads is 8: ask for up to 256 with `limits\.tasks`",
        id="threads",
    ),
    pytest.param(
        "kept = [open('/dev/null') for _ in range(100)]",
        {},
        "failed OSError",
        r"\[Errno 24\] Too many open files: '/dev/null'; the limit on open files is 64: it cannot be raised",
        id="descriptors",
    ),
    pytest.param(
        "first, second = (open(f'/tmp/{name}', 'wb', buffering=0) for name in 'ab')\nfirst.write(bytes(12 * 2**20))\n"
        "while True: second.write(bytes(2**20))",
        {},
        "failed OSError",
        r"\[Errno 28\] No space left on device; the limit on files in /tmp is 16\.0 MiB in 1024 files: "
        r"it cannot be raised",
        id="bytes of the scratch directory",
    ),
    pytest.param(
        "with open('/tmp/large', 'wb', buffering=0) as file:\n    while True: file.write(bytes(2**20))",
        {},
        "failed OSError",
        r"\[Errno 27\] File too large; the limit on files in /tmp is 16\.0 MiB in 1024 files: it cannot be raised",
        id="one file of the scratch directory",
    ),
    pytest.param(
        "for number in range(2000): open(f'/tmp/{number}', 'w').close()",
        {},
        "failed OSError",
        r"\[Errno 28\] No space left on device: '/tmp/\d+'; "
        r"the limit on files in /tmp is 16\.0 MiB in 1024 files: it cannot be raised",
        id="files of the scratch directory",
    ),
    pytest.param(
        "while True: print('x' * 1000)",
        {"output": 1024},
        "killed output",
        r"the program wrote \d+\.\d KiB, 64 times what is kept; "
        r"the limit is 1\.0 KiB: ask for up to 16\.0 MiB with `limits\.output`",
        id="output",
    ),
    pytest.param(
        "result = 'x' * 5000",
        {"value": 1024},
        "failed ValueTooLargeError",
        r"cannot send result: value of 4\.9 KiB exceeds the limit of 1 KiB; "
        r"the limit on one value is 1\.0 KiB: ask for up to 32\.0 MiB with `limits\.value`",
        id="value, as the worker says",
    ),
    pytest.param(
        # What a program that passes by its runner sends: a report of 5,000 bytes.
        "import os, struct\nbody = bytes((19, 1)) + b'\"' + b'x' * 5000 + b'\"'\n"
        "os.write(3, struct.pack('<I', len(body)) + body)\nimport time; time.sleep(9)",
        {"value": 1024},
        "killed value",
        r"the program's value is 4\.9 KiB; the limit is 1\.0 KiB: ask for up to 32\.0 MiB with `limits\.value`",
        id="value, as the executor says",
    ),
    pytest.param(
        "import os, struct\nos.write(3, struct.pack('<IB', 2**20, 19))\nimport time; time.sleep(9)",
        {"value": 1024},
        "killed value",
        r"the program sent 1\.0 MiB at once, of which 131\.9 KiB may be more than a value; "
        r"the limit is 1\.0 KiB: ask for up to 32\.0 MiB with `limits\.value`",
        id="size of a frame",
    ),
    pytest.param(
        "tools.echo(n=1)\ntools.echo(n=2)",
        {"tool_calls": 1},
        "failed ToolError",
        r"tool 'echo' failed: ToolLimitError: the limit of 1 tool calls is reached: "
        r"ask for up to 100000 with `limits\.tool_calls`",
        id="tool calls",
    ),
    pytest.param(
        "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)",
        {},
        "killed system_call",
        r"the program made a system call that the jail answers with death \(ptrace, execve, mount, bpf and others "
        r"that only an escape needs\); which one, the kernel tells its audit log alone",
        id="system call",
    ),
]


def told(ended: Ended) -> tuple[str, str]:
    """How it ended, with the limit or the exception; and the message."""
    if ended.outcome == "failed":
        return f"failed {ended.finished.error.type}", ended.finished.error.message
    return f"{ended.outcome} {ended.limit}", ended.finished.exceeded.message


@pytest.mark.parametrize(("program", "limits", "end", "message"), CASES)
def test_limit_is_named_with_its_use_and_remedy(
    client: Client, program: str, limits: dict[str, Any], end: str, message: str
) -> None:
    ended, text = told(client.run(program, ["echo"], **limits))
    assert ended == end
    assert re.fullmatch(message, text), text


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import time\ntime.sleep(60)",
            "the program ran longer than its limit of 5 s: "
            "its operator can raise it: --code-timeout, or `wall_time` of the API key",
        ),
        (
            grow(256 * MIB),
            "the limit on memory is 64.0 MiB: its operator can raise it: --memory, or `memory` of the API key",
        ),
    ],
    ids=["wall time", "memory"],
)
def test_limit_at_its_ceiling_is_the_operators_to_raise(narrow: Client, program: str, message: str) -> None:
    assert told(narrow.run(program))[1] == message


def test_memory_that_only_the_control_group_bounds_is_named_with_its_peak() -> None:
    layers = ("--without-layer", "rlimits", "--allow-missing-layers", "--profile", "max")
    with running(*layers) as executor:
        client = executor.client()
        report = {layer.name: layer.state for layer in client.info().jail.layers}
        if report["cgroup"] != "on":
            pytest.skip(f"needs the layer cgroup, which is {report['cgroup']}")
        assert report["rlimits"] == "off"
        # Bounded by itself too: 512 MiB at most.
        ended = client.run(grow(512 * MIB), memory=64 * MIB)
        end, message = told(ended)
        assert end == "killed memory"
        remedy = r"ask for up to 2\.0 GiB with `limits\.memory`"
        pattern = rf"the program used (\d+\.\d) MiB of memory; the limit is 64\.0 MiB: {remedy}"
        found = re.fullmatch(pattern, message)
        assert found is not None, message
        assert 64 <= float(found[1]) <= 64 + 64 + 1
        assert client.run("result = 1").outcome == "completed"


# === how much was used ===


@pytest.mark.parametrize(
    "end",
    ["result = 1", "raise ValueError", "import time; time.sleep(9)", "import os; os._exit(3)"],
    ids=["completed", "failed", "timed out", "ended by itself"],
)
def test_peak_of_memory_is_told_however_the_program_ends(client: Client, end: str) -> None:
    small = client.run(end, wall_time=4).finished.usage.peak_memory
    large = client.run(f"x = bytearray(96 * 2**20)\ndel x\n{end}", wall_time=4).finished.usage.peak_memory
    assert 4 * MIB < small < 64 * MIB
    assert 90 * MIB < large - small < 102 * MIB


def test_program_that_keeps_running_after_its_report_is_ended(client: Client) -> None:
    """A thread that is left behind ends with the execution, however slowly the client reads."""
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\nresult = 1"
    started = client.info().pool.in_use
    assert client.run(code).outcome == "completed"
    assert client.info().pool.in_use == started
