"""What a program reads that would differ on a replay: random numbers and clocks (docs/design/journal.md).

The jail extension catches the reads. `install` is called once, by the zygote. In a worker `begin` is called once,
before the program is compiled, and `take_clock` with each tool call, under the lock that orders them.
"""

from __future__ import annotations

import asyncio.base_events
import concurrent.futures._base
import datetime
import random
import sys
import time
import uuid
from types import ModuleType
from typing import Any, Final

_SEED: Final = bytes(32)


class _Caught:
    """What `install` found. Before it nothing is caught: the zygote's own rehearsal reads what is real."""

    jail: Any = None
    # Something that a program may read is not caught: then no execution can be replayed.
    is_incomplete = False


def install(jail: Any) -> list[str]:
    """Has the extension catch what programs read. Returns what it could not, in words; such workers cannot replay."""
    _give_libraries_the_real_clock()
    missed = [] if jail.install(time, sys.modules["_imp"]) else ["timeouts of locks"]
    # They would ask a library, and the machine's network cards.
    uuid._generate_time_safe = uuid._UuidCreate = None  # type: ignore[attr-defined]
    uuid._GETTERS = []  # type: ignore[attr-defined]
    missed += _missed(jail)
    _Caught.is_incomplete = bool(missed)
    _Caught.jail = jail
    return missed


def begin(seed: str, recorded: bytes) -> None:
    """``seed``: hex of 32 bytes, for all that is random. ``recorded``: the journal's clock reads, in order."""
    # As a number: from bytes, `random` would take the way over a hash.
    random.seed(int(seed, 16))
    if _Caught.jail is not None:
        _Caught.jail.begin(bytes.fromhex(seed), recorded)


def take_clock() -> tuple[bytes, bool]:
    """What was read from the clock since the call before, and whether too much was read for a replay."""
    if _Caught.jail is None:
        return b"", False
    reads, overflowed = _Caught.jail.take_clock()
    return reads, overflowed or _Caught.is_incomplete


def _give_libraries_the_real_clock() -> None:
    """`threading` and `queue` took the real functions when they were imported; these two look in the module."""
    real = ModuleType("time", time.__doc__)
    vars(real).update(vars(time))
    asyncio.base_events.time = real  # type: ignore[attr-defined]
    concurrent.futures._base.time = real  # type: ignore[attr-defined]


def _missed(jail: Any) -> list[str]:
    """Reads what is caught by the functions that the interpreter was linked with, and looks whether it was."""
    missed = []
    for name, read in (("datetime.now", datetime.datetime.now), ("time.localtime", time.localtime)):
        jail.begin(_SEED, b"")
        read()
        if not jail.take_clock()[0]:
            missed.append(name)
    for name, draw in (("os.urandom", random.SystemRandom), ("random.Random", random.Random)):
        jail.begin(_SEED, b"")
        first = draw().random()
        jail.begin(_SEED, b"")
        if draw().random() != first:
            missed.append(name)
    jail.stop()
    return missed
