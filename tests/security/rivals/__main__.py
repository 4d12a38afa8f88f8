"""`python -m tests.security.rivals`: attack by rival. Ends with 1 where something escaped codemode."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

from codemode import __version__
from tests.security.headers import load
from tests.security.runner import ROOT, run_in_lanes

from .measure import NAMES, SetupError, of_codemode, run
from .table import Comparison
from .verdict import STOPPED

PAGE = ROOT / "docs" / "security" / "rivals.md"
_TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- end of table -->)", re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security.rivals", description="Runs the corpus on rivals.")
    parser.add_argument("--family", action="append", default=[], help="only this directory of attacks (repeatable)")
    parser.add_argument("-k", dest="keyword", default="", help="only programs whose family/name contains this")
    parser.add_argument("--rival", action="append", default=[], choices=NAMES, help="only this one (repeatable)")
    parser.add_argument("--without-codemode", action="store_true", help="leave its own column out")
    parser.add_argument("--read", action="append", default=[], type=Path, metavar="FILE", help="what --json wrote")
    parser.add_argument(
        "--slowness", type=float, default=1, metavar="FACTOR", help="of limits of time, on a busy machine"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every verdict")
    parser.add_argument("--details", action="store_true", help="print the verdict and the reason for each attack")
    parser.add_argument("--write-page", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    comparison = Comparison(load(families=arguments.family, keyword=arguments.keyword))
    if not comparison.programs:
        parser.error("no program matches")
    for path in arguments.read:
        comparison.read(json.loads(path.read_text()))
    if not arguments.without_codemode and "codemode" not in comparison.columns:
        observations = run_in_lanes(comparison.programs)
        verdicts = {program.id: of_codemode(observations[program.id]) for program in comparison.programs}
        comparison.add("codemode", __version__, verdicts)
    try:
        for name in [each for each in arguments.rival or NAMES if each not in comparison.columns]:
            began = time.monotonic()
            comparison.add(name, *run(name, comparison.programs, arguments.slowness))
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            _write(comparison, arguments.json)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 64
    if arguments.details:
        print(comparison.details(), end="\n\n")
    print(comparison.as_text())
    _write(comparison, arguments.json)
    if arguments.write_page:
        table = comparison.as_markdown() + "\n"
        PAGE.write_text(_TABLE.sub(lambda _: table, PAGE.read_text()))
    return 1 if any(seen.what != STOPPED for seen in comparison.columns.get("codemode", {}).values()) else 0


def _write(comparison: Comparison, path: Path | None) -> None:
    """After each column: a run takes minutes, and what was measured of one that is ended early can be read again."""
    if path is not None:
        path.write_text(json.dumps(comparison.as_json(), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
