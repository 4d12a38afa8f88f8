"""What may have changed between two readings, and why: the verdict of a soak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from .gauges import Readings


class Bound(NamedTuple):
    """How much more there may be afterwards, or how much at all."""

    growth: float
    reason: str
    most: float | None = None
    """Of what is made when it is first needed and kept."""


class Row(NamedTuple):
    """A line of the table."""

    gauge: str
    before: float
    after: float
    bound: Bound

    @property
    def holds(self) -> bool:
        most = self.before + self.bound.growth if self.bound.most is None else self.bound.most
        return self.after <= most


EQUAL: Final = 0

IDLE_WORKERS: Final = 8
CAPACITY: Final = 16
"""More than there are clients: nobody is refused."""
FORKS_AT_ONCE: Final = 8
"""Workers that a zygote may be starting."""

EXECUTOR: Final[dict[str, Bound]] = {
    "descriptors": Bound(
        EQUAL, "each belongs to a connection, a worker or the executor, and those are as many as before"
    ),
    "sockets": Bound(EQUAL, "one for each connection and worker, and the zygote's"),
    "timers": Bound(EQUAL, "tokio has none in the kernel"),
    "threads": Bound(1, "tokio's pool for blocking work keeps an idle thread for 10 s"),
    "RSS": Bound(8, "the allocator keeps pages of the busiest moment, and the warm-up may not have met it"),
    "PSS": Bound(8, "as RSS"),
    "zygotes": Bound(EQUAL, "retired ones are gone when their last worker is"),
    "workers": Bound(EQUAL, "the idle ones: an execution's worker ends with it"),
    "zombies": Bound(EQUAL, "the zygote reaps its workers, the executor its zygotes"),
    "mounts": Bound(EQUAL, "every mount is in the zygote's namespace or a worker's"),
    "mounts of the zygote": Bound(EQUAL, "a worker's scratch directory is in a namespace of its own"),
    "descriptors of the zygote": Bound(EQUAL, "it hands a worker's socket over and closes it"),
    "control groups": Bound(
        EQUAL,
        "used again: as many as there ever were workers at once, under each of two controllers with version 1",
        most=2 * (1 + IDLE_WORKERS + CAPACITY + FORKS_AT_ONCE),
    ),
    "temporary files": Bound(EQUAL, "scratch directories are in memory and end with their worker"),
}

CLIENT: Final[dict[str, Bound]] = {
    "descriptors": Bound(EQUAL, "one connection, and what the runtime has"),
    "sockets": Bound(EQUAL, "one connection"),
    "threads": Bound(
        EQUAL,
        "one for each sync tool that ever ran at once, 4 of 8 clients; the runtime's own are fewer than 8",
        most=4 * 8 + 8,
    ),
    "children": Bound(EQUAL, "the executor is the only one"),
    "RSS": Bound(12, "Python's arenas and the allocator keep pages of the busiest moment"),
}


def rows(bounds: dict[str, Bound], before: Readings, after: Readings) -> list[Row]:
    return [Row(gauge, before[gauge], after[gauge], bound) for gauge, bound in bounds.items()]


def render(title: str, table: list[Row]) -> str:
    number: Callable[[float], str] = lambda value: f"{value:.1f}" if value % 1 else f"{value:.0f}"  # noqa: E731
    lines = [title, f"  {'':28}{'before':>10}{'after':>10}{'may grow':>10}"]
    for row in table:
        limit = f"+{number(row.bound.growth)}" if row.bound.most is None else f"to {number(row.bound.most)}"
        verdict = "" if row.holds else "PASSED "
        lines.append(
            f"  {row.gauge:28}{number(row.before):>10}{number(row.after):>10}{limit:>10}  {verdict}{row.bound.reason}"
        )
    return "\n".join(lines)
