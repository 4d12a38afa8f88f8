"""Correlation ids: their format, and that they do not repeat."""

from __future__ import annotations

import itertools
import operator
import os
import re
import threading
from array import array

import pytest

from codemode.core import correlation
from codemode.core.correlation import generate_correlation_id


def test_the_format_is_prefix_time_random() -> None:
    assert re.fullmatch(r"cm-[0-9a-z]{6}-[0-9a-z]{4}", generate_correlation_id())
    assert re.fullmatch(r"req-[0-9a-z]{6}-[0-9a-z]{4}", generate_correlation_id(prefix="req"))


def test_the_time_is_that_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation, "_sequence", correlation._Sequence())
    monkeypatch.setattr(correlation.time, "time_ns", lambda: 36**5 * 1_000_000 + 999_999)
    assert generate_correlation_id().split("-")[1] == "100000"


def test_ten_million_ids_of_eight_threads_differ() -> None:
    drawn = [array("Q") for _ in range(8)]

    def draw(into: array[int]) -> None:
        new, number = generate_correlation_id, int
        for _ in range(10):
            into.extend([number(new("")[1:].replace("-", ""), 36) for _ in range(125_000)])

    threads = [threading.Thread(target=draw, args=(into,)) for into in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(itertools.chain.from_iterable(drawn))
    assert len(numbers) == 10_000_000
    assert not any(map(operator.eq, numbers, itertools.islice(numbers, 1, None)))


def test_ids_differ_though_the_clock_stands_still_or_runs_backwards() -> None:
    sequence = correlation._Sequence()
    times = [1_000, 999, 500, 1_000, 998]
    drawn = {sequence.next(times[n % 5]) for n in range(2 * 36**4)}
    assert len(drawn) == 2 * 36**4
    assert {time for time, _ in drawn} == {1_000, 1_001}


def test_a_forked_child_draws_its_own() -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, repr((correlation._sequence.value, correlation._sequence.step)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as reader:
        assert reader.read() != repr((correlation._sequence.value, correlation._sequence.step))
