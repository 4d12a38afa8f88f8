"""The report: a table for people and a document for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.figures import Cell, quantity, ratio
from harness.machine import Noise
from harness.rows import Row
from harness.targets import OURS, Table, Verdict

_OTHERS = "others: the share of the processors that was in use between measurements, by other programs."
_MARKS = {True: "reached", False: "MISSED", None: "-"}


def text(
    machine: Mapping[str, str],
    facts: Mapping[str, Any],
    rows: Sequence[Row],
    table: Table,
    noise: Mapping[str, Noise],
) -> str:
    """The machine, the subjects, the figures, and how the others compare with codemode."""
    subjects = list(next(iter(table.values()))) if table else []
    figures, ratios, reasons = [["", *subjects, "others"]], [["", *subjects[1:]]], []
    for row in rows:
        cells = table[row.key]
        for percent in row.percentiles:
            title = row.title if percent == row.percentiles[0] else ""
            named = f"{title:34} p{percent}" if len(row.percentiles) > 1 else title
            busy = f"{noise[row.key].share:4.0%}" if title else ""
            figures.append([named, *(_figure(cells[name], row, percent) for name in subjects), busy])
        if any(ratio(cells[name], cells[OURS]) for name in subjects[1:]):
            ratios.append([row.title, *(_ratio(cells[name], cells[OURS]) for name in subjects[1:])])
        reasons += [f"{row.key}: {name}: {cell.reason}" for name, cell in cells.items() if cell.reason]
    sections = [
        [f"{name:10} {value}" for name, value in machine.items()],
        [f"{name:14} {_about(facts[name])}" for name in subjects if name in facts],
        [*_aligned(figures), _OTHERS],
        ["Compared with codemode, round by round: the median of the ratios (least to most).", *_aligned(ratios)]
        if len(ratios) > 1
        else [],
        ["Not measured:", *reasons],
    ]
    return "\n\n".join("\n".join(section) for section in sections if len(section) > 1)


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
    noise: Mapping[str, Noise],
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
                "others": noise[row.key].share,
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


def _figure(cell: Cell, row: Row, percent: int) -> str:
    if not cell.rounds:
        return "FAILED" if cell.failed else "n/a"
    return quantity(cell.figure(percent), row.unit)


def _ratio(cell: Cell, ours: Cell) -> str:
    # Of medians only: a round has too few samples for a ratio of its percentiles.
    compared = ratio(cell, ours)
    if compared is None:
        return "n/a"
    spread = f" ({compared.least:.3g} to {compared.most:.3g})" if len(cell.rounds) > 1 else ""
    return f"{compared.median:.3g}x{spread}"


def _about(facts: Mapping[str, Any]) -> str:
    known = {"version": "", "python": "Python ", "jail_profile": "jail profile ", "clients": ""}
    return ", ".join(f"{label}{facts[name]}" for name, label in known.items() if facts.get(name))


def _aligned(grid: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid]
