"""Measures codemode against its peers, side by side on the same work: ``python benches/run.py``, or ``make bench``.

The subjects are codemode (an embedded executor), a bare ``python3 -I -S -c`` for each execution (this interpreter),
opencodemode (its sidecar and ToolService on loopback) and pydantic-monty. The last two are installed into environments
of their own below ``benches/.cache`` the first time. The exit status is 1 where codemode fails at a row; a missed
target is only reported, because it may be the machine's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from harness import machine, report, targets
from harness.environments import BARE, CODEMODE, RIVALS
from harness.figures import Cell
from harness.measure import Session
from harness.rows import ROWS, Row


def main() -> int:
    """Runs the benchmark. Returns the exit status."""
    options = _options()
    rows = [row for row in ROWS if not options.rows or row.key in options.rows]
    specs = [CODEMODE, BARE] if options.quick else [CODEMODE, BARE, *RIVALS]
    begin = time.monotonic()
    session = Session(specs, _progress if sys.stderr.isatty() else lambda _: None)
    table: dict[str, dict[str, Cell]] = {}
    facts = machine.facts()  # before the run: its load is the other programs'
    try:
        session.start()
        for row in rows:
            table[row.key] = session.row(row, quick=options.quick)
    finally:
        session.close()
    if sys.stderr.isatty():
        _progress("")
    verdicts = targets.verdicts(table)
    print(report.text(facts, session.facts, rows, table, session.noise))
    print(f"\n{report.targets(verdicts)}\n\n{time.monotonic() - begin:.0f} s")
    if options.json is not None:
        document = report.document(facts, session.facts, rows, table, session.noise, verdicts)
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return int(any(cells["codemode"].failed for cells in table.values()) or "codemode" not in session.facts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything, with all samples, to FILE")
    parser.add_argument("--quick", action="store_true", help="one round and no rivals: a test that the benchmark runs")
    parser.add_argument(
        "--rows", type=_row_keys, metavar="ROW,…", help=f"only these rows: {', '.join(row.key for row in ROWS)}"
    )
    return parser.parse_args()


def _row_keys(text: str) -> set[str]:
    keys = set(text.split(","))
    known: dict[str, Row] = {row.key: row for row in ROWS}
    if not keys <= known.keys():
        raise argparse.ArgumentTypeError(f"no row {', '.join(sorted(keys - known.keys()))}")
    return keys


def _progress(what: str) -> None:
    print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
