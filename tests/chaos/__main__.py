"""`python -m tests.chaos`: a calm run, a run under harm, and the table of both. Ends with 1 where anything was lost."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .campaign import Outcome, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Breaks a fleet while programs run.")
    parser.add_argument("--minutes", type=float, default=10, help="how long the run under harm takes (default: 10)")
    parser.add_argument("--calm-minutes", type=float, default=1, help="how long the calm run takes (default: 1)")
    parser.add_argument("--executions", type=int, default=20_000, help="go on until so many ended (default: 20000)")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two harms (default: 1)")
    parser.add_argument("--seed", type=int, default=1, help="of what harm is done when (default: 1)")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="keep ledger, checkpoints and logs there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codemode-chaos-") as name:
        directory = arguments.keep or Path(name)
        calm = run(directory / "calm", arguments.calm_minutes * 60, harm_every=None, seed=arguments.seed)
        harmed = run(
            directory / "harmed",
            arguments.minutes * 60,
            harm_every=arguments.every,
            seed=arguments.seed,
            least=arguments.executions,
            progress=_progress,
        )
    print(table(calm, harmed))
    if arguments.json:
        arguments.json.write_text(json.dumps({"calm": calm.as_json(), "harmed": harmed.as_json()}, indent=1) + "\n")
    return 1 if calm.verdict.problems() or harmed.verdict.problems() else 0


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{line}", end="", file=sys.stderr, flush=True)


def table(calm: Outcome, harmed: Outcome) -> str:
    """Both runs, side by side."""
    rows: list[tuple[str, Callable[[Outcome], object]]] = [
        ("seconds", lambda run: f"{run.seconds:.0f}"),
        ("executions started", lambda run: run.verdict.started),
        ("executions finished", lambda run: run.verdict.finished),
        ("executions failed", lambda run: run.verdict.failed.total()),
        ("executions lost", lambda run: len(run.verdict.lost)),
        ("ended, its client killed", lambda run: run.verdict.unsaid),
        ("killed before it began", lambda run: run.verdict.not_begun),
        ("effects in the ledger", lambda run: run.verdict.rows),
        ("effects twice", lambda run: len(run.verdict.duplicates)),
        ("effects missing", lambda run: len(run.verdict.missing)),
        ("effects not meant", lambda run: len(run.verdict.unmeant)),
        ("executions of more attempts", lambda run: run.verdict.attempts.total() - run.verdict.attempts[1]),
        ("most attempts of one", lambda run: max(run.verdict.attempts, default=0)),
        ("calls answered by replay", lambda run: run.verdict.replayed_calls),
        ("executions resumed", lambda run: run.verdict.resumed),
        ("uncertain calls answered", lambda run: run.verdict.uncertain),
        ("latency p50, ms", lambda run: f"{run.verdict.percentile(0.5):.1f}"),
        ("latency p99, ms", lambda run: f"{run.verdict.percentile(0.99):.1f}"),
        ("processes killed", lambda run: run.kills),
    ]
    lines = [f"{'':28}{'calm':>12}{'harmed':>12}"]
    lines += [f"{name:28}{figure(calm)!s:>12}{figure(harmed)!s:>12}" for name, figure in rows]
    lines += ["", "harm done:", *(f"  {kind:26}{count:>12}" for kind, count in harmed.harm.most_common())]
    for name, outcome in (("calm", calm), ("harmed", harmed)):
        lines += [f"{name}: {problem}" for problem in outcome.verdict.problems()]
        lines += [f"{name}: harm failed: {failure}" for failure in outcome.failed_harm[:5]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
