"""What a program reads from clocks and generators, recorded and replayed by the extension, without a jail around it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .attempts import PRELUDE, SAME_AGAIN, SOURCES, assert_same_again
from .harness import Finished, Worker

Run = Callable[..., Finished]

INTERPRETERS = sorted(
    {
        path.resolve()
        for pattern in (
            "usr/bin/python3.[0-9][0-9]",
            "root/.pyenv/versions/3.1[0-9]*/bin/python3",
            "usr/local/bin/python3",
        )
        for path in Path("/").glob(pattern)
    }
    | {Path(sys.executable).resolve()}
)


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=str)
def test_every_source_is_the_same_with_one_seed_and_record(directory: Path, interpreter: Path) -> None:
    worker = Worker(directory, interpreter)
    try:
        worker.start(SAME_AGAIN, [])
        assert_same_again(worker.run([]).value)
    finally:
        worker.close()


def test_program_that_branches_on_the_clock_takes_its_branches_again(run: Run) -> None:
    program = """
def branches():
    return [time.time_ns() // 100 % 3 if time.perf_counter_ns() % 2 else time.monotonic_ns() % 5 for _ in range(500)]

first, recorded, _ = attempt(branches)
result = [attempt(branches, recorded=recorded)[0] == first, attempt(branches)[0] == first, len(set(first)) > 2]
"""
    assert run(PRELUDE + SOURCES + program).value == [True, False, True]


def test_record_of_several_calls_is_one_record(run: Run) -> None:
    program = """
def calls():
    taken.clear()
    values = []
    for _ in range(5):
        values += [time.time(), time.monotonic()]
        taken.append(determinism.take_clock()[0])
    return values

taken = []
first, _, _ = attempt(calls)
parts = list(taken)
# An attempt that ended after the third call: two more are recorded by the next, and the third attempt has all.
longer, _, _ = attempt(calls, recorded=b"".join(parts[:3]))
rest = list(taken)
last, _, _ = attempt(calls, recorded=b"".join(parts[:3] + rest))
result = {
    "same": longer[:6] == first[:6],
    "not recorded again": rest[:3] == [b""] * 3,
    "goes on": longer[6] > longer[4] and longer[7] > longer[5] and longer[6:] != first[6:],
    "same with all": last == longer,
}
"""
    assert run(PRELUDE + SOURCES + program).value == {
        "same": True,
        "not recorded again": True,
        "goes on": True,
        "same with all": True,
    }


def test_too_many_reads_are_flagged_and_the_clock_goes_on(run: Run) -> None:
    program = """
def busy():
    reads = [time.monotonic() for _ in range(60_000)]
    return reads == sorted(reads), reads[-1] > reads[0]

(ascending, moving), reads, overflowed = attempt(busy)
few = attempt(lambda: [time.time() for _ in range(1000)])
result = [ascending, moving, 65_536 - 10 <= len(reads) <= 65_536, overflowed, few[2]]
"""
    assert run(PRELUDE + SOURCES + program).value == [True, True, True, True, False]


def test_past_the_record_no_clock_goes_back(run: Run) -> None:
    program = """
def several():
    read = [time.time_ns(), time.monotonic_ns()]
    time.sleep(0.005)
    return read + [time.time_ns(), time.monotonic_ns(), time.perf_counter_ns()]

hour = 3_600_000_000_000
result = []
for wall, monotonic in ((time.time_ns() + hour, 10**18), (time.time_ns() - hour, 7)):
    recorded = read_of(WALL, wall) + read_of(MONOTONIC, monotonic)
    (first_wall, first, then_wall, then, last), _, _ = attempt(several, recorded=recorded)
    result.append([
        (first_wall, first) == (wall, monotonic),
        wall + 5_000_000 <= then_wall <= wall + hour + 60_000_000_000,
        monotonic + 5_000_000 <= then <= last <= monotonic + 60_000_000_000,
    ])
"""
    assert run(PRELUDE + SOURCES + program).value == [[True, True, True]] * 2


def test_waiting_of_the_library_is_real_and_not_recorded(run: Run) -> None:
    program = """
import asyncio, concurrent.futures, queue, selectors, socket, threading

async def loop():
    await asyncio.sleep(0.01)
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except (TimeoutError, asyncio.TimeoutError):
        pass

def wait():
    asyncio.run(loop())
    threading.Event().wait(0.01)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=0.01)
    try:
        queue.Queue().get(timeout=0.01)
    except queue.Empty:
        pass
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 0.03)
        concurrent.futures.wait([future], timeout=0.01)
        try:
            list(concurrent.futures.as_completed([future], timeout=0.01))
        except (TimeoutError, concurrent.futures.TimeoutError):
            pass
    one, other = socket.socketpair()
    one.settimeout(0.01)
    try:
        one.recv(1)
    except (TimeoutError, socket.timeout):
        pass
    one.close(), other.close()

result = []
for recorded in (b"", read_of(WALL, 1) + read_of(MONOTONIC, 10**18)):
    _, reads, overflowed = attempt(wait, recorded=recorded)
    result.append([len(reads), overflowed])
"""
    assert run(PRELUDE + SOURCES + program).value == [[0, False]] * 2


def test_threads_may_read_while_a_call_takes_the_record(run: Run) -> None:
    program = """
import threading

def read():
    for _ in range(3000):
        values.append(time.time() > 1e9 and time.monotonic() > 0 and len(os.urandom(7)) == 7)
        datetime.datetime.now()

def many():
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    size = 0
    while any(thread.is_alive() for thread in threads):
        size += len(determinism.take_clock()[0])
        time.sleep(0.0005)
    return size

values = []
size, rest, overflowed = attempt(many)
result = [all(values), len(values), size + len(rest) <= 65_536, overflowed]
"""
    assert run(PRELUDE + SOURCES + program).value == [True, 24_000, True, True]


def test_record_that_is_none_is_flagged(run: Run) -> None:
    program = """
import random
def reads():
    return [time.time() for _ in range(20)], time.monotonic(), time.thread_time()

noise = random.Random(5)
result = []
records = [b"\\x80", b"\\x80" * 12, b"\\xff" * 70_000, read_of(WALL, 5) * 70_000]
for record in records + [noise.randbytes(n) + b"\\x80" for n in range(300)]:
    result.append(attempt(reads, recorded=record)[2])
result = [all(result), len(result)]
"""
    assert run(PRELUDE + SOURCES + program).value == [True, 304]


def test_seed_and_record_of_the_wrong_kind_are_refused(run: Run) -> None:
    program = """
import _codemode_jail as jail
result = []
for arguments in ((b"", b""), ("1" * 32, b""), (bytes(32), "text"), (bytes(32),), (bytes(33), b""), ()):
    try:
        jail.begin(*arguments)
    except (ValueError, TypeError, IndexError) as error:
        result.append(type(error).__name__)
"""
    assert run(program).value == ["ValueError", "TypeError", "TypeError", "IndexError", "ValueError", "IndexError"]


def test_functions_of_time_look_as_before(run: Run) -> None:
    program = """
import copy, inspect, pickle, types
names = "time monotonic perf_counter process_time thread_time clock_gettime".split()
functions = [getattr(time, name + end) for name in names for end in ("", "_ns")]
assert [f.__name__ for f in functions] == [f.__qualname__ for f in functions]
assert {f.__module__ for f in functions} == {"time"} and {f.__self__ for f in functions} == {time}
assert all(inspect.isbuiltin(f) and f.__doc__ for f in functions)
assert all(pickle.loads(pickle.dumps(f)) is f and copy.copy(f) is f for f in functions)
errors = []
clock = time.clock_gettime
for function, argument in ((clock, 99), (clock, "1"), (clock, 2**80), (time.time, 1)):
    try:
        function(argument)
    except Exception as error:
        errors.append(type(error).__name__)
own = time.pthread_getcpuclockid(__import__("threading").get_ident())
result = [repr(time.monotonic), time.monotonic.__doc__, errors, time.clock_gettime(own) > 0]
"""
    description = "monotonic() -> float\n\nMonotonic clock, cannot go backward."
    # CPython's own words for what is no number of a clock.
    too_large = "OverflowError" if sys.version_info < (3, 13) else "TypeError"
    errors = ["OSError", "TypeError", too_large, "TypeError"]
    assert run(SOURCES + program).value == ["<built-in function monotonic>", description, errors, True]


def test_extension_module_that_is_loaded_later_is_caught(run: Run) -> None:
    """SQLite reads the wall clock itself, by a library that no worker has before the import."""
    pytest.importorskip("sqlite3")
    program = """
before = "_sqlite3" in sys.modules
import sqlite3
connection = sqlite3.connect(":memory:")
read = lambda: [connection.execute("select julianday('now')").fetchone()[0] for _ in range(2)]
first, recorded, _ = attempt(read)
time.sleep(0.01)
result = [before, attempt(read, recorded=recorded)[0] == first, attempt(read)[0] == first, len(recorded) > 0]
"""
    assert run(PRELUDE + SOURCES + program).value == [False, True, False, True]


def test_reads_before_a_program_are_not_recorded(run: Run) -> None:
    program = """
result = [len(part) if isinstance(part, bytes) else part for part in determinism.take_clock()]
"""
    assert run(PRELUDE + program).value == [0, False]


def test_seed_of_the_start_is_that_of_every_generator(new_worker: Callable[[], Worker]) -> None:
    program = "import os, random, uuid\nresult = [random.random(), os.urandom(8), uuid.uuid4()]\n"
    seen: list[Any] = []
    for seed in ("ab" * 32, "ab" * 32, "cd" * 32):
        worker = new_worker()
        worker.start(program, [], seed=seed)
        seen.append(worker.run([]).value)
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))


def test_what_is_not_caught_is_reported(directory: Path) -> None:
    """An interpreter that gives no hold on its reads: the extension's functions are there, and interpose nothing."""
    script = f"""
import sys
sys.path.insert(0, {str(directory)!r})
import _codemode_jail as real
from codemode_worker import determinism

class Jail:
    begin, stop, take_clock = real.begin, real.stop, real.take_clock
    @staticmethod
    def install(time, imp):
        return False

missed = determinism.install(Jail)
determinism.begin("11" * 32, b"")
print(missed, determinism.take_clock())
"""
    done = subprocess.run([sys.executable, "-S", "-s", "-c", script], capture_output=True, text=True, timeout=30)
    missed = ["timeouts of locks", "datetime.now", "time.localtime", "os.urandom", "random.Random"]
    assert (done.stdout, done.stderr) == (f"{missed} (b'', True)\n", "")
