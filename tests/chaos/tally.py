"""What became of each execution, held against the ledger."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .ledger import Ledger


@dataclass
class Run:
    """One execution, as its clients told of it."""

    program: str
    ended: dict[str, Any] | None = None
    resumed: int = 0
    killed: bool = False


@dataclass
class Verdict:
    """The figures of a run, and what is wrong with it."""

    started: int = 0
    finished: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    unsaid: int = 0
    not_begun: int = 0
    rows: int = 0
    duplicates: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unmeant: list[str] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)
    replayed_calls: int = 0
    resumed: int = 0
    uncertain: int = 0
    latencies: list[float] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What must not be."""
        problems = []
        for name, found in (
            ("executions lost", self.lost),
            ("effects that happened twice", self.duplicates),
            ("effects that did not happen", self.missing),
            ("effects that nobody meant", self.unmeant),
            ("executions failed", list(self.failed.elements())),
        ):
            if found:
                problems.append(f"{len(found)} {name}: {'; '.join(found[:5])}")
        return problems

    def percentile(self, share: float) -> float:
        """Of the latencies, in milliseconds; 0 where there is none."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Tally:
    """Takes what the clients say, from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._uncertain = 0
        self._twice: list[str] = []

    def take(self, said: dict[str, Any]) -> None:
        with self._lock:
            if said["event"] == "started":
                self._runs[said["run"]] = Run(said["program"])
            elif said["event"] == "resumed":
                self._uncertain += said["uncertain"]
                # It may have died before it said that it had begun.
                self._runs.setdefault(said["run"], Run("resumed")).resumed += 1
            elif said["event"] == "ended":
                run = self._runs.setdefault(said["run"], Run(said["program"]))
                # It may have died between its end and saying so to its store; then it ends once more, alike.
                if run.ended is not None and run.ended.get("steps") != said.get("steps"):
                    self._twice.append(said["run"])
                run.ended = said

    def killed(self, client: str) -> None:
        """The client's process was killed: what it had begun and not ended may never have begun."""
        with self._lock:
            for name, run in self._runs.items():
                if run.ended is None and name.startswith(f"{client}-"):
                    run.killed = True

    def counts(self) -> tuple[int, int]:
        """Started, and ended so far."""
        with self._lock:
            return len(self._runs), sum(run.ended is not None for run in self._runs.values())

    def verdict(self, ledger: Ledger, finished: frozenset[str] = frozenset()) -> Verdict:
        """Called when every client has stopped.

        ``finished``: executions that a client's store has as finished. A client that was killed between that and saying
        so has lost nothing; nor has one that had said that it begins, and was killed before anything was begun.
        """
        verdict = Verdict(rows=ledger.count(), uncertain=self._uncertain)
        verdict.lost += [f"{run}: ended twice, otherwise" for run in self._twice]
        effects, executions = ledger.steps(), ledger.executions()
        for name, run in self._runs.items():
            verdict.started += 1
            verdict.resumed += run.resumed > 0
            happened = effects.pop(name, [])
            counted = Counter(happened)
            verdict.duplicates += [f"{name}/{step} ({count} times)" for step, count in counted.items() if count > 1]
            if run.ended is None:
                if executions.get(name) in finished:
                    verdict.unsaid += 1
                elif not happened and run.killed:
                    verdict.not_begun += 1
                else:
                    verdict.lost.append(f"{name} ({run.program})")
                continue
            self._judge(verdict, name, run.ended, counted)
        verdict.unmeant += [f"{name}: an execution that nobody started" for name in effects]
        return verdict

    def _judge(self, verdict: Verdict, name: str, ended: dict[str, Any], happened: Counter[str]) -> None:
        if ended["outcome"] != "completed":
            verdict.failed[f"{ended['outcome']}: {ended['error']}"] += 1
            return
        verdict.finished += 1
        verdict.attempts[ended["attempts"]] += 1
        verdict.replayed_calls += ended["replayed"]
        verdict.latencies.append(ended["ms"])
        meant = set(ended["steps"])
        verdict.missing += [f"{name}/{step}" for step in sorted(meant - set(happened))]
        verdict.unmeant += [f"{name}/{step}" for step in sorted(set(happened) - meant)]
