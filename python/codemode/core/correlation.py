"""Correlation ids: short names for a request that logs on both sides can be searched by.

An id is ``{prefix}-{time}-{random}``: six base-36 digits of the time in milliseconds (they repeat after 25 days) and
four that look random. The four are a per-process counter, scrambled: the process draws a random start and a random step
without common factor with 36⁴, and each id adds the step. So a process repeats its four digits only after
1,679,616 ids, in whatever thread they are drawn, and two processes start and step differently.
"""

from __future__ import annotations

import os
import threading
import time

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_SPAN = 36**6
_RANDOM_SPAN = 36**4


class _Sequence:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.restart()

    def restart(self) -> None:
        drawn = int.from_bytes(os.urandom(8), "big")
        self.value = drawn % _RANDOM_SPAN
        # 36⁴ has the prime factors 2 and 3: 6k + 1 and 6k + 5 share none with it, so the step visits every value.
        self.step = (drawn >> 32) % (_RANDOM_SPAN // 6) * 6 + 1

    def next(self) -> int:
        with self.lock:
            self.value = (self.value + self.step) % _RANDOM_SPAN
            return self.value


_sequence = _Sequence()


def _restart_in_child() -> None:
    _sequence.__init__()  # type: ignore[misc]  # a lock that another thread held at the fork is replaced too


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)


def generate_correlation_id(prefix: str = "cm") -> str:
    """Returns a new correlation id, such as ``cm-2x5f9k-a7b3``.

    Args:
        prefix: What it begins with.
    """
    now = time.time_ns() // 1_000_000
    return f"{prefix}-{_base36(now % _TIME_SPAN, 6)}-{_base36(_sequence.next(), 4)}"


def _base36(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
