"""Every attack meets what its header says, with all layers on, as root and as an ordinary user, and where the kernel
refuses user namespaces."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from . import unprivileged
from .headers import Program, load
from .layers import CONTAINER
from .runner import Executor, Observation, run, run_in_lanes
from .table import Matrix, measure

PROGRAMS = load()

each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
at_once = pytest.mark.parametrize("program", [each for each in PROGRAMS if each.is_in_matrix], ids=lambda each: each.id)


@functools.cache
def system_python() -> str:
    python = unprivileged.interpreter()
    if python is None:
        pytest.skip("no interpreter that an ordinary user may run: set CODEMODE_PYTHON")
    return python


def unanswered(executor: Executor) -> str:
    """The executor still runs programs."""
    client = executor.client()
    ended = client.run("result = 6 * 7")
    client.close()
    return "" if ended.finished.value == b"42" else str(ended)


def states(jail: Any) -> dict[str, str]:
    return {layer.name: layer.state for layer in jail.layers}


# === all layers ===


@pytest.fixture(scope="module")
def with_all_layers() -> dict[str, Observation]:
    return run_in_lanes(PROGRAMS)


@each_program
def test_attack_is_stopped(with_all_layers: dict[str, Observation], program: Program) -> None:
    seen = with_all_layers[program.id]
    assert seen.allowed(program), f"{seen}; the header allows {' | '.join(program.observed)}"


# === an ordinary user ===


@pytest.fixture(scope="module")
def of_an_ordinary_user() -> Iterator[dict[str, Observation]]:
    with unprivileged.running(system_python()) as executor:
        jail = executor.client().info().jail
        assert jail.reached_profile in {"standard", "max"}, states(jail)
        observations = run(executor, [program for program in PROGRAMS if program.is_in_matrix])
        assert unanswered(executor) == ""
        yield observations


@at_once
def test_attack_is_stopped_for_an_ordinary_user(of_an_ordinary_user: dict[str, Observation], program: Program) -> None:
    seen = of_an_ordinary_user[program.id]
    assert seen.allowed(program), f"{seen}; the header allows {' | '.join(program.observed)}"


# === no user namespaces ===


@pytest.fixture(scope="module")
def in_a_container() -> Matrix:
    system_python()
    matrix = Matrix(PROGRAMS)
    measure(matrix, [CONTAINER])
    return matrix


def test_report_in_a_container_says_what_is_missing(in_a_container: Matrix) -> None:
    jail = in_a_container.report
    assert (jail.required_profile, jail.reached_profile) == ("container", "container")
    assert {name for name, state in states(jail).items() if state == "on"} >= set(CONTAINER.layers)
    for layer in jail.layers:
        if layer.name in {"namespaces", "worker_namespaces"}:
            assert layer.state == "off"
            assert layer.evidence.startswith("could not be applied: ")
            assert layer.remedy


@each_program
def test_attack_in_a_container(in_a_container: Matrix, program: Program) -> None:
    """Seccomp, Landlock and limits stop all but what only namespaces stop, and that is named in the header."""
    assert in_a_container.get(CONTAINER, program) is not None
    assert list(in_a_container.problems_of(program)) == []


def test_executor_without_user_namespaces_refuses_a_stronger_profile() -> None:
    with (
        pytest.raises(AssertionError, match="the executor did not start") as raised,
        unprivileged.running(system_python(), "--profile", "standard", user_namespaces=False),
    ):
        pass
    assert "namespaces" in str(raised.value)
