"""Every attack meets what its header says, with all layers on, as root and as an ordinary user, and where the kernel
refuses user namespaces."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from . import unprivileged
from .headers import Program, load
from .layers import LAYERS
from .runner import Executor, Observation, run, run_with_all_layers

PROGRAMS = load()
# What containers lack: namespaces, and control groups of one's own.
REFUSED = {"namespaces", "worker_namespaces", "cgroup"}

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
    return run_with_all_layers(PROGRAMS)


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
def without_user_namespaces() -> Iterator[tuple[Any, dict[str, Observation]]]:
    with unprivileged.running(system_python(), "--profile", "container", user_namespaces=False) as executor:
        jail = executor.client().info().jail
        observations = run(executor, [program for program in PROGRAMS if program.is_in_matrix])
        assert unanswered(executor) == ""
        yield jail, observations


def test_report_without_user_namespaces_says_what_is_missing(without_user_namespaces: tuple[Any, Any]) -> None:
    jail, _ = without_user_namespaces
    assert (jail.required_profile, jail.reached_profile) == ("container", "container")
    assert {name for name, state in states(jail).items() if state == "on"} >= set(LAYERS) - REFUSED
    for layer in jail.layers:
        if layer.name in {"namespaces", "worker_namespaces"}:
            assert layer.state == "off"
            assert layer.evidence.startswith("could not be applied: ")
            assert layer.remedy


@at_once
def test_attack_without_user_namespaces(without_user_namespaces: tuple[Any, Any], program: Program) -> None:
    """Seccomp, Landlock and limits stop all but what only namespaces stop, and that is named in the header."""
    _, observations = without_user_namespaces
    seen = observations[program.id]
    if set(program.layers) <= REFUSED:
        # Whether it works depends on the system; that nothing else stops it is the header's claim.
        assert seen.what in {"escaped", "stopped", *program.observed}, str(seen)
    else:
        assert seen.is_clear(program), str(seen)
        assert not seen.escaped, str(seen)


def test_executor_without_user_namespaces_refuses_a_stronger_profile() -> None:
    with (
        pytest.raises(AssertionError, match="the executor did not start") as raised,
        unprivileged.running(system_python(), "--profile", "standard", user_namespaces=False),
    ):
        pass
    assert "namespaces" in str(raised.value)
