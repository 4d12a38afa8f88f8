"""The soak: readings before and after many executions, and whether each is within its bound."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.python.service.executors import running

from . import bounds, programs
from .bounds import CAPACITY, IDLE_WORKERS
from .gauges import Readings
from .mix import Soak


@dataclasses.dataclass
class Endured:
    """What a soak found."""

    executions: int
    warm_up: int
    seconds: float
    executor: list[bounds.Row]
    client: list[bounds.Row]
    places: dict[str, int]
    ends: dict[str, dict[str, int]]
    unexpected: list[str]
    zygotes: int
    """Retired for a crash."""

    def holds(self) -> bool:
        rows = all(row.holds for row in (*self.executor, *self.client))
        return rows and not self.unexpected and not any(self.places.values())

    def render(self) -> str:
        hostile = programs.share(programs.HOSTILE)
        deadly = programs.share([kind for kind in programs.KINDS if kind.ends_zygote])
        lines = [
            f"{self.executions} executions in {self.seconds:.0f} s ({self.executions / self.seconds:.0f} a second)",
            f"after {self.warm_up} to warm up; {hostile:.1%} hostile",
            f"{deadly:.1%} retire the zygote, one in 10 s at most: {self.zygotes} were retired",
            bounds.render("executor", self.executor),
            bounds.render("client", self.client),
            f"places afterwards: {self.places}",
        ]
        lines += [f"unexpected: {each}" for each in self.unexpected[:20]]
        if len(self.unexpected) > 20:
            lines.append(f"unexpected: {len(self.unexpected) - 20} more")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        fields = dataclasses.asdict(self)
        for name in ("executor", "client"):
            fields[name] = [{**row._asdict(), "bound": row.bound._asdict()} for row in getattr(self, name)]
        return {**fields, "holds": self.holds()}


def endure(
    executions: int,
    *,
    warm_up: int,
    seconds: float = float("inf"),
    interval: float = 30,
    seed: int = 1,
    say: Callable[[str], None] = lambda _line: None,
) -> Endured:
    """Runs so many, or as many as there is time for."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        temporary = Path(folder)
        arguments = ("--idle-workers", str(IDLE_WORKERS), "--capacity", str(CAPACITY))
        with running(*arguments, TMPDIR=folder) as executor:
            soak = Soak(executor, IDLE_WORKERS, temporary)
            began = time.monotonic()

            def progress() -> None:
                readings, client = soak.read()
                say(f"{time.monotonic() - began:6.0f} s {soak.done:8} done  executor: {_brief(readings)}")
                say(f"{'':23}client: {_brief(client)}")

            soak.fill_threads()
            soak.run(programs.mixed(warm_up, seed), progress, interval=interval, until=float("inf"))
            warmed = soak.done
            previous: list[Readings] = []
            same = 0

            def is_stable(*readings: Readings) -> bool:
                """For a while: an executor that waits for a processor looks as if it had nothing to do."""
                nonlocal same
                now = [{**each, "RSS": 0, "PSS": 0} for each in readings]
                same = same + 1 if now == previous else 0
                previous[:] = now
                return same >= 8

            before = soak.settled(is_stable)
            retired = _retired(executor.log)
            began = time.monotonic()
            say(f"warmed up with {warmed}: executor: {_brief(before[0])}")
            soak.run(
                programs.mixed(executions, seed + 1), progress, interval=interval, until=time.monotonic() + seconds
            )
            took = time.monotonic() - began

            def compared(*after: Readings) -> list[list[bounds.Row]]:
                tables = (bounds.EXECUTOR, bounds.CLIENT)
                return [bounds.rows(*each) for each in zip(tables, before, after, strict=True)]

            after = soak.settled(lambda *now: all(row.holds for rows in compared(*now) for row in rows))
            executor_rows, client_rows = compared(*after)
            ends: dict[str, dict[str, int]] = {}
            for (kind, end), count in sorted(soak.ends.items()):
                ends.setdefault(kind, {})[end] = count
            retired = _retired(executor.log) - retired
            places = soak.places()
            soak.close()
    return Endured(soak.done - warmed, warmed, took, executor_rows, client_rows, places, ends, soak.unexpected, retired)


def _brief(readings: Readings) -> str:
    return json.dumps({name: round(value, 1) for name, value in readings.items()}).replace('"', "").strip("{}")


def _retired(log: list[str]) -> int:
    return sum("the zygote is retired" in line and "Crash" in line for line in list(log))
