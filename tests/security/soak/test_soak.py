"""A short soak, as a test: the whole one is `make soak`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.service.contract import ROOT

from . import bounds
from .programs import KINDS, mixed
from .stalls import measure


def test_executor_and_client_hold_afterwards_what_they_held_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process of its own: what this one holds is the work of all the tests before."""
    figures = tmp_path / "figures.json"
    options = ["--executions", "300", "--warm-up", "100", "--stalled", "0", "--json", str(figures)]
    soak = subprocess.run(
        [sys.executable, "-m", "tests.security.soak", *options], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    with capsys.disabled():
        print(f"\n{soak.stdout}")
    assert soak.returncode == 0, soak.stdout + soak.stderr
    endured = json.loads(figures.read_text())["endurance"]
    assert endured["holds"]
    assert endured["executions"] == 300
    assert endured["ends"].keys() == {kind.name for kind in KINDS}


def test_every_kind_comes_and_the_mix_is_the_same_for_a_seed() -> None:
    kinds = mixed(200, seed=3)
    assert kinds == mixed(200, seed=3)
    assert {kind.name for kind in kinds} == {kind.name for kind in KINDS}
    assert sum(kind.share for kind in KINDS) == 10_000


def test_reading_past_its_bound_fails_the_soak() -> None:
    equal, most = bounds.Bound(0, "equal"), bounds.Bound(0, "kept", most=3)
    held = {"descriptors": 7.0, "groups": 1.0}
    limits = {"descriptors": equal, "groups": most}
    assert [row.holds for row in bounds.rows(limits, held, {"descriptors": 7.0, "groups": 3.0})] == [True, True]
    rows = bounds.rows(limits, held, {"descriptors": 8.0, "groups": 4.0})
    assert [row.holds for row in rows] == [False, False]
    assert bounds.render("executor", rows).count("PASSED") == 2


@pytest.fixture
def connections() -> Iterator[int]:
    """200, or as many as descriptors allow on both sides."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield 200 if hard == resource.RLIM_INFINITY else min(200, hard // 4)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
def test_connections_that_stall_half_way_cost_the_others_little(
    tmp_path: Path, connections: int, secure: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = list(measure(connections, 30, tmp_path, secure=secure, only="mixture"))
    with capsys.disabled():
        print("\n" + "\n".join(stalled.render() for stalled in seen))
    assert [stalled.name for stalled in seen] == ["mixture, no key", "mixture, with a key"]
    assert [problem for stalled in seen for problem in stalled.problems()] == []
