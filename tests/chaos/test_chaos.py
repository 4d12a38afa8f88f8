"""A short campaign, as `python -m tests.chaos` runs a long one: nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path

from .__main__ import table
from .campaign import run
from .ledger import Ledger
from .tally import Tally


def test_a_harmed_fleet_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    outcome = run(tmp_path, 20, harm_every=1.0, seed=7, least=50, kills=5)
    print(table(outcome, outcome))
    assert outcome.failed_harm == []
    assert outcome.verdict.problems() == []
    assert outcome.verdict.finished >= 50
    # Else it showed nothing.
    assert outcome.kills >= 5
    assert outcome.verdict.attempts.total() > outcome.verdict.attempts[1]


def test_the_tally_notices(tmp_path: Path) -> None:
    """What must not be is seen where it is: a run with each fault, made by hand."""
    ledger, tally = Ledger(tmp_path / "ledger.db"), Tally()
    for run_name, step in (("twice", "s0"), ("twice", "s0"), ("unmeant", "s9"), ("stranger", "s0")):
        ledger.write(run_name, step, 1, "", 1)
    for name in ("unsaid-1", "lost-2"):
        ledger.write(name, "s0", 1, f"execution-of-{name}:1", 1)
    for name in ("twice", "missing", "unmeant", "lost", "failed", "unsaid-1", "lost-2", "lost-3"):
        tally.take({"event": "started", "run": name, "program": "sequential"})
    done = {"event": "ended", "program": "sequential", "ms": 1.0, "attempts": 1, "replayed": 0, "error": None}
    for name, steps in (("twice", ["s0"]), ("missing", ["s0"]), ("unmeant", [])):
        tally.take({**done, "run": name, "outcome": "completed", "steps": steps})
    tally.take({**done, "run": "failed", "outcome": "failed", "error": "ValueError: no", "steps": None})
    tally.killed("lost")
    verdict = tally.verdict(ledger, frozenset({"execution-of-unsaid-1"}))
    assert verdict.duplicates == ["twice/s0 (2 times)"]
    assert verdict.missing == ["missing/s0"]
    assert verdict.unmeant == ["unmeant/s9", "stranger: an execution that nobody started"]
    assert verdict.lost == ["lost (sequential)", "lost-2 (sequential)"]
    assert (verdict.unsaid, verdict.not_begun) == (1, 1)
    assert dict(verdict.failed) == {"failed: ValueError: no": 1}
    assert len(verdict.problems()) == 5
    ledger.close()
