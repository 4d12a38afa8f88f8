"""What the product promises, and whether this run keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.figures import Cell, quantity, ratio
from harness.rows import ROWS

Table = Mapping[str, Mapping[str, Cell]]
"""Cells by row and subject."""

OURS, BARE = "codemode", "bare python"
UNITS = {row.key: row.unit for row in ROWS}


@dataclass(frozen=True)
class Verdict:
    """A target, what was measured, and whether that reaches it; None where it was not measured."""

    target: str
    measured: str
    reached: bool | None


def verdicts(table: Table) -> list[Verdict]:
    """All targets, in the order of the rows."""
    return [
        _limit(table, "cold", "cold start to the first result ≤ 400 ms", lambda seconds: seconds <= 0.400),
        _share(table, 50, 20),
        _share(table, 99, 2),
        _limit(table, "tool_call", "a tool call ≤ 200 µs", lambda seconds: seconds <= 200e-6),
        _limit(table, "parallel", "50 gathered tools of 100 ms ≤ 130 ms", lambda seconds: seconds <= 0.130),
        _limit(table, "throughput_8", "8 clients ≥ 400 executions a second", lambda rate: rate >= 400),
        _limit(table, "idle_worker", "an idle worker ≤ 3 MB PSS", lambda size: size <= 3 * 2**20),
        _limit(table, "import", "import ≤ 60 ms", lambda seconds: seconds <= 0.060),
    ]


def _cell(table: Table, row: str, subject: str) -> Cell | None:
    cell = table.get(row, {}).get(subject)
    return cell if cell is not None and cell.rounds else None


def _limit(table: Table, row: str, target: str, holds: Callable[[float], bool]) -> Verdict:
    cell = _cell(table, row, OURS)
    if cell is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, quantity(cell.figure(), UNITS[row]), holds(cell.figure()))


def _share(table: Table, percent: int, share: int) -> Verdict:
    """The percentile of our warm execution against the median of a bare interpreter's whole life, round by round."""
    target = f"warm p{percent} ≤ 1/{share} of a bare python3's median"
    ours, bare = _cell(table, "warm", OURS), _cell(table, "warm", BARE)
    if ours is None or bare is None:
        return Verdict(target, "not measured", None)
    # A round has too few samples for its own 99th percentile, so only the median is paired.
    paired = ratio(bare, ours) if percent == 50 else None
    value = paired.median if paired is not None else bare.figure() / ours.figure(percent)
    return Verdict(target, f"1/{value:.1f}", value >= share)
