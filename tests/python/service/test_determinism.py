"""What a program reads from clocks and generators, in the real jail: two attempts of one worker, and two executions."""

from __future__ import annotations

import json

import pytest

from tests.python.worker.attempts import PRELUDE, SAME_AGAIN, SOURCES, assert_same_again

from .contract import Client, Ended


def value(ended: Ended) -> object:
    assert ended.outcome == "completed", ended.finished
    return json.loads(ended.finished.value)


def test_every_source_is_the_same_with_one_seed_and_record(client: Client) -> None:
    seen = value(client.run(SAME_AGAIN))
    assert isinstance(seen, dict)
    assert_same_again(seen)


def test_executions_read_clocks_and_random_numbers_of_their_own(client: Client) -> None:
    program = (
        SOURCES
        + "read = sources()\nresult = [repr(read['urandom']), repr(read['uuid1']), read['time_ns'], read['random']]"
    )
    first, second = (value(client.run(program)) for _ in range(2))
    assert isinstance(first, list) and isinstance(second, list)
    assert [one == other for one, other in zip(first, second, strict=True)] == [False] * 4


def test_many_reads_and_threads_end_like_others(client: Client) -> None:
    program = """
import threading

def read():
    for _ in range(20_000):
        time.time(), datetime.datetime.now(), os.urandom(9)

threads = [threading.Thread(target=read) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
reads, overflowed = determinism.take_clock()
result = [60_000 < len(reads) <= 65_536, overflowed]
"""
    assert value(client.run(PRELUDE + SOURCES + program)) == [True, True]


@pytest.mark.parametrize("module", ["_sqlite3", "_ctypes", "_elementtree"])
def test_extension_modules_load_in_the_jail(client: Client, module: str) -> None:
    """Their tables are written after the lock-down."""
    program = f"import {module}\nresult = [attempt(time.time, recorded=read_of(WALL, 5))[0], {module}.__name__]"
    assert value(client.run(PRELUDE + SOURCES + program)) == [5e-9, module]


def test_sqlite_reads_the_recorded_clock(client: Client) -> None:
    program = """
import sqlite3
connection = sqlite3.connect(":memory:")
read = lambda: [connection.execute("select julianday('now')").fetchone()[0] for _ in range(2)]
first, recorded, _ = attempt(read)
time.sleep(0.01)
result = [attempt(read, recorded=recorded)[0] == first, attempt(read)[0] == first]
"""
    assert value(client.run(PRELUDE + SOURCES + program)) == [True, False]
