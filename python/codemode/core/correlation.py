"""Correlation ids: short names for a request that logs on both sides can be searched by.

An id is ``{prefix}-{time}-{random}``: six base-36 digits of the time in milliseconds, which come round after 25 days,
and four that look random. Four digits drawn at random would give two equal ids among about 1,500 of one millisecond,
so they are a counter, scrambled: the process draws a random start and a random step that has no factor in common with
36⁴, and each id adds the step. Any 36⁴ (1,679,616) ids in a row have different digits, in whatever thread they are
drawn; the time never runs backwards, and moves on where one millisecond has used them all. So no two ids of a process
are equal within 25 days, and two processes, which start and step differently, meet by chance alone: once in 1,679,616
pairs of ids of the same millisecond. A forked child draws anew.
"""

from __future__ import annotations

import os
import threading
import time

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]  # two digits at once: an id costs about a microsecond
_PAIR = 36**2
_TIME_SPAN = 36**6
_RANDOM_SPAN = 36**4


class _Sequence:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.time = 0
        self.left = 0  # ids that may still be drawn in this millisecond
        drawn = int.from_bytes(os.urandom(8), "big")
        self.value = drawn % _RANDOM_SPAN
        # 36⁴ has the prime factors 2 and 3: 6k + 1 shares none with it, so the step visits every value.
        self.step = (drawn >> 32) % (_RANDOM_SPAN // 6) * 6 + 1

    def next(self, now: int) -> tuple[int, int]:
        """The time, in milliseconds, and the digits of the next id. ``now`` may run backwards, the answer does not."""
        with self.lock:
            if now > self.time:
                self.time, self.left = now, _RANDOM_SPAN
            elif not self.left:
                self.time, self.left = self.time + 1, _RANDOM_SPAN
            self.left -= 1
            self.value = (self.value + self.step) % _RANDOM_SPAN
            return self.time, self.value


_sequence = _Sequence()


def _restart_in_child() -> None:
    global _sequence  # noqa: PLW0603  # its lock may have been held at the fork
    _sequence = _Sequence()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)


def generate_correlation_id(prefix: str = "cm") -> str:
    """Returns a new correlation id, such as ``cm-2x5f9k-a7b3``: unique within this process for 25 days.

    Args:
        prefix: What it begins with.
    """
    now, digits = _sequence.next(time.time_ns() // 1_000_000)
    first, rest = divmod(now % _TIME_SPAN, _PAIR * _PAIR)
    second, third = divmod(rest, _PAIR)
    fourth, fifth = divmod(digits, _PAIR)
    return f"{prefix}-{_PAIRS[first]}{_PAIRS[second]}{_PAIRS[third]}-{_PAIRS[fourth]}{_PAIRS[fifth]}"
