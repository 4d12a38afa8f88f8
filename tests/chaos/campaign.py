"""One campaign: a fleet, two clients, harm or none, for some time; then the verdict."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codemode.checkpoints import SqliteStore

from .clients import ClientProcess
from .fleet import Fleet
from .harm import Harm
from .ledger import Ledger
from .tally import Tally, Verdict

# Longer than one execution may take with all its attempts.
STOPPING = 180.0

# How many times as long as was asked for a campaign may take to come to so many kills and executions.
LONGEST = 10


def killed(harm: Counter[str]) -> int:
    """How many of these harms killed a process."""
    return sum(count for kind, count in list(harm.items()) if kind.endswith("killed"))


@dataclass
class Outcome:
    """What a campaign showed."""

    verdict: Verdict
    harm: Counter[str]
    failed_harm: list[str]
    seconds: float

    @property
    def kills(self) -> int:
        """How often a process was killed."""
        return killed(self.harm)

    def as_json(self) -> dict[str, object]:
        verdict = self.verdict
        return {
            "seconds": round(self.seconds, 1),
            "started": verdict.started,
            "finished": verdict.finished,
            "failed": dict(verdict.failed),
            "lost": verdict.lost,
            "ended_unsaid": verdict.unsaid,
            "not_begun": verdict.not_begun,
            "rows": verdict.rows,
            "duplicates": verdict.duplicates,
            "missing": verdict.missing,
            "unmeant": verdict.unmeant,
            "attempts": dict(sorted(verdict.attempts.items())),
            "replayed_calls": verdict.replayed_calls,
            "resumed": verdict.resumed,
            "uncertain_calls": verdict.uncertain,
            "p50_ms": round(verdict.percentile(0.5), 2),
            "p99_ms": round(verdict.percentile(0.99), 2),
            "kills": self.kills,
            "harm": dict(self.harm),
        }


def run(
    directory: Path,
    seconds: float,
    *,
    harm_every: float | None,
    seed: int,
    least: int = 0,
    kills: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Runs for ``seconds``, and on until ``least`` executions have ended and processes were killed ``kills`` times.

    ``harm_every``: seconds between two harms.
    """
    directory.mkdir(parents=True, exist_ok=True)
    fleet = Fleet(directory)
    tally = Tally()
    began = time.monotonic()
    try:
        fleet.wait()
        ledger = Ledger(directory / "ledger.db")
        steady = ClientProcess(fleet.url, directory, "steady", tally, durable=False)
        victim = ClientProcess(fleet.url, directory, "victim", tally, durable=True)
        harm = Harm(fleet, victim, pause=harm_every or 1.0, seed=seed)
        if harm_every is not None:
            harm.start()
        try:
            began = time.monotonic()
            while time.monotonic() - began < seconds or tally.counts()[1] < least or killed(harm.done) < kills:
                if harm.failed or time.monotonic() - began > LONGEST * seconds:
                    break
                time.sleep(1)
                if (status := fleet.envoy_status()) is not None:
                    raise AssertionError(f"envoy ended by itself, with {status}: see {directory / 'envoy.log'}")
                started, ended = tally.counts()
                took = time.monotonic() - began
                progress(f"{took:5.0f} s  {started} started, {ended} ended, {harm.done.total()} harms")
        finally:
            if harm_every is not None:
                harm.stop()
        took = time.monotonic() - began
        for client in (steady, victim):
            client.ask_to_stop()
        for client in (steady, victim):
            client.wait(STOPPING)
        if (status := fleet.envoy_status()) is not None:
            harm.failed.append(f"envoy ended while the clients finished, with {status}")
        with SqliteStore(directory / "victim.checkpoints.db") as store:
            finished = frozenset(info.execution_id for info in store.list("finished"))
        return Outcome(tally.verdict(ledger, finished), harm.done, harm.failed, took)
    finally:
        fleet.stop()
