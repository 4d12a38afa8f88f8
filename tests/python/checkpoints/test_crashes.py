"""An application that is killed at each moment of a durable execution: what it did is done once, whoever goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.python.service.executors import KEY, Executor

from .application import KILLED, STEPS, SUSPENDED, VALUE, Place, live
from .conftest import Opener

MOMENTS = 60
"""About as many as two lives of an execution have: before and after each effect and each operation of the store."""

STEP = int(os.environ.get("CODEMODE_CRASH_STEP", "7"))
"""Every how manieth moment is tried, from another one on for each store. 1: all, which takes an hour on two cores."""


@pytest.fixture
def place(opener: Opener, tmp_path: Path) -> Place:
    return Place(opener.kind, opener.address, tmp_path / "ledger", tmp_path / "result")


def finished(place: Place) -> bool:
    with_store = place.open()
    try:
        return [info.state for info in with_store.list()] == ["finished"]
    finally:
        with_store.close()


def check(place: Place) -> None:
    assert sorted(place.did()) == sorted(STEPS)
    assert finished(place)


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_without_a_death(executor: Executor, place: Place, on_a_loop: bool) -> None:
    url = f"http://{executor.target}"
    assert live(url, KEY, place, on_a_loop=on_a_loop) == SUSPENDED
    assert place.did() == [step for step in place.did() if step in STEPS[:6]] and len(place.did()) == 6
    assert live(url, KEY, place, on_a_loop=on_a_loop) == 0
    assert json.loads(place.result.read_text()) == VALUE
    check(place)


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_one_death_at_each_moment(executor: Executor, place: Place, opener: Opener, on_a_loop: bool) -> None:
    url = f"http://{executor.target}"
    begin = 1 + ("directory", "sqlite", "postgres").index(opener.kind) + 3 * on_a_loop
    moments = range(1 + begin % STEP, MOMENTS, STEP)
    deaths = 0
    for moment in moments:
        opener.forget()
        place.ledger.unlink(missing_ok=True)
        place.result.unlink(missing_ok=True)
        first = live(url, KEY, place, moment=moment, on_a_loop=on_a_loop)
        deaths += first == KILLED
        if first == SUSPENDED:
            # The first life is over before that moment: the second one gets there.
            second = live(url, KEY, place, moment=moment - 30, on_a_loop=on_a_loop) if moment > 30 else SUSPENDED
            deaths += second == KILLED
        lives = 0
        while not finished(place):
            lives += 1
            assert lives < 4
            assert live(url, KEY, place, on_a_loop=on_a_loop) in (0, SUSPENDED), f"after a death at {moment}"
        assert sorted(place.did()) == sorted(STEPS), f"after a death at {moment}"
        if place.result.exists():
            assert json.loads(place.result.read_text()) == VALUE
    assert deaths > len(moments) // 2


def test_a_death_in_every_life(executor: Executor, place: Place) -> None:
    url = f"http://{executor.target}"
    for life in range(40):
        if finished(place):
            break
        # Each life gets a little further than what the one before left.
        assert live(url, KEY, place, moment=3 + life % 6, on_a_loop=life % 2 == 1) in (KILLED, SUSPENDED, 0)
    else:
        raise AssertionError("40 lives were not enough")
    check(place)
