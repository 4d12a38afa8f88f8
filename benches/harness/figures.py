"""Medians, percentiles, ratios of paired rounds, and how a figure is written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

_UNITS = {"s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")), "B": ((2**20, "MB"), (2**10, "KB"))}

Rounds = list[list[float]]
"""The samples of a subject's row, by round."""


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that ``percent`` of all are not above: always one that was measured."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass
class Ratio:
    """How a subject compares with the baseline, round by round, so that the machine's moods cancel out."""

    median: float
    least: float
    most: float


@dataclass
class Cell:
    """What one subject did at one row: its rounds, or why there are none."""

    rounds: Rounds = field(default_factory=list)
    reason: str = ""
    failed: bool = False

    @property
    def samples(self) -> list[float]:
        """All rounds' samples."""
        return [sample for samples in self.rounds for sample in samples]

    def figure(self, percent: float = 50) -> float:
        """A percentile; the 50th is the usual median."""
        return statistics.median(self.samples) if percent == 50 else percentile(self.samples, percent)


def ratio(cell: Cell, baseline: Cell, percent: float = 50) -> Ratio | None:
    """``cell`` over ``baseline``: of each round that both have, the ratio of its figures. None where there is none."""
    pairs = list(zip(cell.rounds, baseline.rounds, strict=False))
    if not pairs:
        return None
    ratios = [Cell([ours]).figure(percent) / Cell([theirs]).figure(percent) for ours, theirs in pairs]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def quantity(value: float, unit: str) -> str:
    """A value with three digits in the unit that suits it."""
    if unit not in _UNITS:
        return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    factor, name = next((step for step in _UNITS[unit] if value >= step[0]), _UNITS[unit][-1])
    scaled = value / factor
    return f"{scaled:.0f} {name}" if scaled >= 100 else f"{scaled:.3g} {name}"
