"""What the product promises, and whether this run keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.figures import Cell, ratio

Table = Mapping[str, Mapping[str, Cell]]
"""Cells by row and subject."""

OURS, BARE = "codemode", "bare python"


@dataclass(frozen=True)
class Verdict:
    """A target, what was measured, and whether that reaches it; None where it was not measured."""

    target: str
    measured: str
    reached: bool | None


def verdicts(table: Table) -> list[Verdict]:
    """All targets, in the order of the rows."""
    return [
        _at_most(table, "cold", 50, 0.400, "cold start to the first result ≤ 400 ms", 1e3, "ms"),
        _share(table, 50, 20),
        _share(table, 99, 2),
        _at_most(table, "tool_call", 50, 200e-6, "a tool call ≤ 200 µs", 1e6, "µs"),
        _at_most(table, "parallel", 50, 0.130, "50 gathered tools of 100 ms ≤ 130 ms", 1e3, "ms"),
        _at_least(table, "throughput_8", 400, "8 clients ≥ 400 executions a second"),
        _at_most(table, "idle_worker", 50, 3 * 2**20, "an idle worker ≤ 3 MB PSS", 2**-20, "MB"),
        _at_most(table, "import", 50, 0.060, "import ≤ 60 ms", 1e3, "ms"),
    ]


def _cell(table: Table, row: str, subject: str) -> Cell | None:
    cell = table.get(row, {}).get(subject)
    return cell if cell is not None and cell.rounds else None


def _at_most(table: Table, row: str, percent: int, limit: float, target: str, factor: float, unit: str) -> Verdict:
    cell = _cell(table, row, OURS)
    if cell is None:
        return Verdict(target, "not measured", None)
    figure = cell.figure(percent)
    return Verdict(target, f"{figure * factor:.4g} {unit}", figure <= limit)


def _at_least(table: Table, row: str, limit: float, target: str) -> Verdict:
    cell = _cell(table, row, OURS)
    if cell is None:
        return Verdict(target, "not measured", None)
    return Verdict(target, f"{cell.figure():.0f} a second", cell.figure() >= limit)


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
