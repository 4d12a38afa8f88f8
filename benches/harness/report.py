"""The report: a table for people and a document for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.figures import Cell, ratio
from harness.rows import Row
from harness.targets import OURS, Table, Verdict

_UNITS = {"s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")), "B": ((2**20, "MB"), (2**10, "KB"))}
_MARKS = {True: "reached", False: "MISSED", None: "-"}


def text(machine: Mapping[str, str], facts: Mapping[str, Any], rows: Sequence[Row], table: Table) -> str:
    """The machine, the subjects and the figures; behind each rival's figure its ratio to codemode's."""
    subjects = list(next(iter(table.values()))) if table else []
    lines = [f"{name:10} {value}" for name, value in machine.items()]
    lines += [f"{name:10} {_about(facts[name])}" for name in subjects if name in facts]
    grid = [["", *subjects]]
    reasons: list[str] = []
    for row in rows:
        for percent in row.percentiles:
            first = percent == row.percentiles[0]
            title = row.title if len(row.percentiles) == 1 else f"{row.title if first else '':33} p{percent}"
            grid.append([title, *(_figure(table[row.key], subject, row, percent) for subject in subjects)])
        reasons += [f"  {row.key}: {name}: {cell.reason}" for name, cell in table[row.key].items() if cell.reason]
    lines += ["", *_aligned(grid), "", "In brackets: the ratio to codemode, the median of the rounds (least–most)."]
    if reasons:
        lines += ["", "n/a:", *reasons]
    return "\n".join(lines)


def targets(verdicts: Sequence[Verdict]) -> str:
    """The targets and whether each is reached."""
    grid = [
        ["target", "measured", ""],
        *([verdict.target, verdict.measured, _MARKS[verdict.reached]] for verdict in verdicts),
    ]
    return "\n".join(_aligned(grid))


def document(
    machine: Mapping[str, str],
    facts: Mapping[str, Any],
    rows: Sequence[Row],
    table: Table,
    verdicts: Sequence[Verdict],
) -> dict[str, Any]:
    """Everything, with all samples. Times in seconds, sizes in bytes."""
    return {
        "machine": dict(machine),
        "subjects": dict(facts),
        "rows": {
            row.key: {
                "title": row.title,
                "unit": row.unit,
                "subjects": {name: _cell(table[row.key], name, row) for name in table[row.key]},
            }
            for row in rows
        },
        "targets": [asdict(verdict) for verdict in verdicts],
    }


def _cell(cells: Mapping[str, Cell], name: str, row: Row) -> dict[str, Any]:
    cell = cells[name]
    if not cell.rounds:
        return {"unavailable": cell.reason, "failed": cell.failed}
    figures = {f"p{percent}": cell.figure(percent) for percent in row.percentiles}
    compared = ratio(cell, cells[OURS]) if OURS in cells else None
    return {**figures, "ratio_to_codemode": asdict(compared) if compared is not None else None, "rounds": cell.rounds}


def _figure(cells: Mapping[str, Cell], name: str, row: Row, percent: int) -> str:
    cell = cells[name]
    if not cell.rounds:
        return "FAILED" if cell.failed else "n/a"
    shown = quantity(cell.figure(percent), row.unit)
    # Only medians are paired: a round has too few samples for a ratio of its percentiles.
    compared = ratio(cell, cells[OURS]) if name != OURS and OURS in cells and percent == 50 else None
    if compared is None:
        return shown
    spread = f" {compared.least:.3g}–{compared.most:.3g}" if len(cell.rounds) > 1 else ""
    return f"{shown} ({compared.median:.3g}×{spread})"


def quantity(value: float, unit: str) -> str:
    """A value with three digits in the unit that suits it."""
    if unit not in _UNITS:
        return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    factor, name = next((step for step in _UNITS[unit] if value >= step[0]), _UNITS[unit][-1])
    scaled = value / factor
    return f"{scaled:.0f} {name}" if scaled >= 100 else f"{scaled:.3g} {name}"


def _about(facts: Mapping[str, Any]) -> str:
    known = {"version": "", "python": "Python ", "jail_profile": "jail profile ", "clients": ""}
    return ", ".join(f"{label}{facts[name]}" for name, label in known.items() if facts.get(name))


def _aligned(grid: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid]
