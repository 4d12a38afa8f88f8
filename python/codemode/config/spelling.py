"""Finds the name that somebody meant. The executor's settings (`crates/codemode-cli`) do the same, in equal words."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHOWN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def near(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that differs least, by at most two letters or a third of the name."""
    allowed = max(2, len(name) // 3) if len(name) <= 64 else 0
    best: tuple[int, str] | None = None
    for candidate in candidates:
        distance = _distance(name.lower(), candidate) if len(name) <= 64 else allowed + 1
        if distance <= allowed and distance < len(candidate) and (best is None or distance < best[0]):
            best = (distance, candidate)
    return best[1] if best else None


def shown(name: object) -> str:
    """A key as an error may show it. What does not look like a name may be a secret in the wrong place."""
    text = str(name)
    return text if _SHOWN.fullmatch(text) else f"(a key of {len(text)} characters)"


def _distance(left: str, right: str) -> int:
    previous = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != other)))
        previous = current
    return previous[-1]
