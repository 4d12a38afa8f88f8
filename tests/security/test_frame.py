"""The frame can fail: it finds programs that escape on purpose, that claim too much, and that do not work."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.service.contract import start
from tests.python.service.executors import wait_for

from .headers import Program, load
from .layers import ALL, NONE, alone, without
from .runner import ROOT, Executor, Observation, observation, run, running
from .table import Matrix, measure, render
from .witnesses import STANDSTILL, Heartbeat

HEADER = '''"""Reads what it may read.

tries: {tries}
layers: {layers}
observed: stopped
"""
'''
ESCAPES = 'import os\nwith open(os.__file__, "rb") as file:\n    result = f"escaped: {file.read(4)!r}"\n'


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "fake").mkdir()
    return tmp_path


def add(corpus: Path, name: str, body: str, layers: str = "landlock") -> Program:
    (corpus / "fake" / f"{name}.py").write_text(HEADER.format(tries="fail", layers=layers) + body)
    return load(corpus, keyword=name)[0]


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with running() as executor:
        yield executor


def test_program_that_escapes_is_reported(executor: Executor, corpus: Path) -> None:
    program = add(corpus, "reads_allowed", ESCAPES)
    (seen,) = run(executor, [program]).values()
    assert seen.escaped
    assert not seen.allowed(program)
    assert seen.detail


def test_command_ends_with_1_and_names_what_escaped(corpus: Path) -> None:
    add(corpus, "reads_allowed", ESCAPES)
    add(corpus, "harmless", 'result = "stopped: it did not try"', "executor")
    found = corpus / "found.json"
    command = [sys.executable, "-m", "tests.security", "--attacks", str(corpus), "--quick", "--json", str(found)]
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    assert "fake/reads_allowed: with all layers `escaped: " in ended.stdout
    assert "1 contradictions to headers:" in ended.stdout
    content = json.loads(found.read_text())
    assert [program["id"] for program in content["programs"]] == ["fake/harmless", "fake/reads_allowed"]
    assert content["programs"][1]["observations"]["all layers"]["what"] == "escaped"
    ended = subprocess.run([*command, "-k", "harmless"], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_claims_that_are_not_true_are_contradicted(corpus: Path) -> None:
    passwd = """
try:
    open("/etc/passwd").close()
    result = "escaped: opened"
except OSError:
    result = "stopped"
"""
    wrong = add(corpus, "claims", passwd, "seccomp, landlock")
    right = add(corpus, "names_both", passwd, "landlock, namespaces")
    broken = add(corpus, "broken", "import os\nresult = os.nothing  # escaped", "seccomp")
    matrix = Matrix([wrong, right, broken])
    only = [alone(layer) for layer in ("seccomp", "landlock", "namespaces")]
    measure(matrix, [ALL, without("landlock"), without("namespaces"), *only, NONE])
    assert list(matrix.problems_of(right)) == []
    assert list(matrix.problems_of(wrong)) == [
        "fake/claims: only seccomp `escaped: opened`, although `layers` names it",
        "fake/claims: `layers` names seccomp, landlock; alone it is stopped by landlock, namespaces",
    ]
    problems = list(matrix.problems_of(broken))
    assert problems[0].startswith("fake/broken: with all layers `failed AttributeError: ")
    assert all(problem.endswith("neither stopped nor escaped") for problem in problems[1:])
    assert len(problems) == 6
    assert "3 programs: 2 stopped, 1 failed AttributeError" in render(matrix)


@pytest.mark.parametrize("name", ["own_memory_by_pipe", "objects_of_the_runner"])
def test_search_for_the_key_finds_one_that_is_there(executor: Executor, name: str) -> None:
    """Otherwise that it finds none proves nothing."""
    (program,) = load(families=["credentials"], keyword=name)
    plant = 'planted = ["cmk-marker-" + "0123456789abcdef" * 2]'
    planted = program.code.replace('"""\n\nimport', f'"""\n{plant}\n\nimport', 1)
    assert planted != program.code
    client = executor.client()
    value = json.loads(client.run(planted).finished.value)
    client.close()
    assert value.startswith("escaped: "), value


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("stopped: EPERM: not permitted", Observation("stopped", "EPERM: not permitted")),
        ("escaped: b'x'", Observation("escaped", "b'x'")),
        ("killed memory", Observation("killed memory")),
        ("escaped", Observation("escaped")),
        ("nothing", Observation("completed", "nothing")),
    ],
)
def test_what_a_program_says_is_understood(said: str, expected: Observation) -> None:
    assert observation(said) == expected


def test_executor_of_the_frame_has_its_own_key(executor: Executor) -> None:
    assert executor.key.startswith("cmk-marker-")
    client = executor.client("cmk-marker-" + "0" * 32)
    assert client.converse(start("result = 1")).status()[0] == "UNAUTHENTICATED"
    client.close()


def test_lock_of_the_interpreter_that_is_held_is_noticed_and_nobody_else_is_blamed() -> None:
    exponent, held = 1 << 19, 0.0
    with Heartbeat() as heartbeat:
        began = time.monotonic()
        while held < STANDSTILL * 1.2:
            # One instruction of the interpreter, longer each time, by the clock of what it was given of a processor.
            exponent, before = exponent * 2, time.thread_time()
            3**exponent
            held = time.thread_time() - before
        elapsed = time.monotonic() - began
        # The beat that was held up comes when its thread gets a processor again.
        wait_for(lambda: bool(heartbeat.harm), 30, "the standstill is noticed")
        waited = heartbeat.waited(began)
    assert heartbeat.harm.startswith("the application stood still for ")
    assert waited < elapsed - held / 2


def test_busy_threads_are_no_standstill() -> None:
    with Heartbeat() as heartbeat:
        ended = time.thread_time() + STANDSTILL * 1.2
        while time.thread_time() < ended:
            pass
    assert heartbeat.harm == ""


def test_scenario_that_fails_is_an_observation_and_not_the_end_of_the_run(executor: Executor, corpus: Path) -> None:
    broken = add(corpus, "broken", 'result = "stopped"\n# escaped', "executor")
    broken = dataclasses.replace(broken, host="at_once", runs="once")  # which waits for a tool call that never comes
    right = add(corpus, "right", 'result = "stopped"\n# escaped', "executor")
    seen = run(executor, [broken, right])
    assert seen["fake/broken"].what == "error AssertionError"
    assert "(contract.py:" in seen["fake/broken"].detail
    assert seen["fake/right"].what == "stopped"


def test_page_is_written_from_a_whole_run_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    command = [sys.executable, "-m", "tests.security", "--quick", "--markdown", str(page)]
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "--markdown is for all programs in all configurations" in ended.stderr
    assert not page.exists()
