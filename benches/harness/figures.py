"""Medians, percentiles, and ratios of paired rounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

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
