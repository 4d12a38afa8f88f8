"""The rows: what is measured, how often, and what the product promises.

A round asks each subject in turn, so that a slow minute of the machine is in everybody's figures. Slow subjects get
fewer samples (`Scale`): enough for their median, without spending the run on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SLOW = "opencodemode"
FORKS = "bare python"


@dataclass(frozen=True)
class Scale:
    """How much of a row a subject does: its options for each round, and in how many of the rounds it takes part."""

    options: Mapping[str, Any]
    rounds: int | None = None


@dataclass(frozen=True)
class Row:
    """A row of the report.

    Attributes:
        key: Its name on the command line and in the JSON document.
        title: Its name for people.
        ask: The driver's method.
        unit: ``s``, ``/s`` or ``B``.
        rounds: How often each subject is asked.
        options: What the driver's method is given.
        quick: The same in a quick run, which has one round.
        scales: Subjects that do less.
        percentiles: Which figures are shown.
        fresh: Each sample needs a new driver process.
    """

    key: str
    title: str
    ask: str
    unit: str
    rounds: int
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    percentiles: tuple[int, ...] = (50,)
    fresh: bool = False

    def scale(self, subject: str, *, quick: bool) -> Scale:
        """How much of the row ``subject`` does."""
        if quick:
            return Scale({**self.options, **self.quick}, 1)
        scale = self.scales.get(subject, Scale({}))
        return Scale({**self.options, **scale.options}, min(scale.rounds or self.rounds, self.rounds))


def _throughput(clients: int) -> Row:
    return Row(
        f"throughput_{clients}",
        f"executions a second, {clients} client{'s' if clients > 1 else ''}",
        "throughput",
        "/s",
        rounds=5,
        options={"clients": clients, "seconds": 1.0},
        quick={"seconds": 0.3},
        # One execution for each client: with 32 of them that is 8 s a round.
        scales={SLOW: Scale({"seconds": 0.1 if clients > 8 else 1.0}, 2 if clients < 32 else 1)},
    )


ROWS = (
    Row("cold", "cold start to the first result", "open", "s", rounds=5, fresh=True, scales={SLOW: Scale({}, 3)}),
    Row(
        "warm",
        "an execution of 2 + 2, 5 ms apart",
        "warm",
        "s",
        rounds=10,
        options={"count": 100, "pause": 0.005},
        quick={"count": 40},
        scales={SLOW: Scale({"count": 2}), FORKS: Scale({"count": 20})},
        percentiles=(50, 95, 99),
    ),
    Row(
        "warm_back_to_back",
        "the same, back to back",
        "warm",
        "s",
        rounds=10,
        options={"count": 200, "pause": 0.0},
        quick={"count": 40},
        scales={SLOW: Scale({"count": 2}, 5), FORKS: Scale({"count": 20})},
        percentiles=(50, 95, 99),
    ),
    Row(
        "tool_call",
        "a call of a sync tool, of 1,000 in a loop",
        "tool_call",
        "s",
        rounds=10,
        options={"count": 1000},
        quick={"count": 200},
        scales={SLOW: Scale({}, 5)},
    ),
    Row(
        "parallel",
        "50 gathered async tools of 100 ms",
        "parallel",
        "s",
        rounds=10,
        options={"count": 50, "seconds": 0.1},
    ),
    _throughput(1),
    _throughput(8),
    _throughput(32),
    Row("idle_worker", "memory (PSS) of an idle worker", "facts", "B", rounds=1),
    Row("executor", "memory (PSS) of the whole executor", "facts", "B", rounds=1),
    Row("import", "import, over a Python with pydantic", "import", "s", rounds=7),
)
