"""Programs that are run twice by themselves: in the tests of the worker, and in the jail by those of the service.

A program reaches the worker's `determinism` as any program can, and begins anew with a seed and a record of its choice.
"""

from __future__ import annotations

PRELUDE = '''
import sys

determinism = sys.modules["codemode_worker.determinism"]

def attempt(program, seed="11" * 32, recorded=b""):
    """What `program` returns, what was recorded meanwhile, and whether that was too much."""
    import uuid
    uuid._node = uuid._last_timestamp = None
    determinism.begin(seed, recorded)
    return program(), *determinism.take_clock()

def read_of(kind, value):
    """A first read of a clock, as it is recorded."""
    value = value * 2 if value >= 0 else -value * 2 - 1
    groups = [kind | (value & 15) << 3]
    value >>= 4
    while value:
        groups[-1] |= 128
        groups.append(value & 127)
        value >>= 7
    return bytes(groups)

WALL, MONOTONIC = 0, 1
'''

SOURCES = '''
import datetime, os, random, secrets, tempfile, time, uuid

def sources():
    """Everything that a program may read and that is the same on a replay."""
    return {
        "time": time.time(),
        "time_ns": time.time_ns(),
        "localtime": list(time.localtime()),
        "gmtime": list(time.gmtime()),
        "ctime": time.ctime(),
        "strftime": time.strftime("%c"),
        "now": datetime.datetime.now(),
        "now in UTC": datetime.datetime.now(datetime.timezone.utc),
        "datetime.today": datetime.datetime.today(),
        "date.today": datetime.date.today(),
        "monotonic": time.monotonic(),
        "monotonic_ns": time.monotonic_ns(),
        "perf_counter": time.perf_counter(),
        "perf_counter_ns": time.perf_counter_ns(),
        "process_time": time.process_time(),
        "process_time_ns": time.process_time_ns(),
        "thread_time": time.thread_time(),
        "thread_time_ns": time.thread_time_ns(),
        "clock_gettime": time.clock_gettime(time.CLOCK_BOOTTIME),
        "clock_gettime_ns": time.clock_gettime_ns(time.CLOCK_REALTIME),
        "random": random.random(),
        "own random": random.Random().random(),
        "system random": random.SystemRandom().random(),
        "secrets": secrets.token_hex(16),
        "urandom": os.urandom(300),
        "getrandom": os.getrandom(16),
        "name": next(tempfile._RandomNameSequence()),
        "uuid1": uuid.uuid1(),
        "uuid4": uuid.uuid4(),
    }
'''

SAME_AGAIN = (
    PRELUDE
    + SOURCES
    + """
first, recorded, _ = attempt(sources)
again, rest, _ = attempt(sources, recorded=recorded)
time.sleep(0.002)
other, _, _ = attempt(sources, seed="22" * 32)
result = {
    "not the same on a replay": [name for name, value in first.items() if again[name] != value],
    "recorded on a replay": len(rest),
    "the same without one": [name for name, value in first.items() if other[name] == value],
}
"""
)

COARSE = ["localtime", "gmtime", "ctime", "strftime", "date.today"]
"""Two attempts within a second may read the same."""


def assert_same_again(value: dict[str, list[str]]) -> None:
    """On the decoded result of `SAME_AGAIN`."""
    assert value["not the same on a replay"] == []
    assert value["recorded on a replay"] == 0
    assert [name for name in value["the same without one"] if name not in COARSE] == []
