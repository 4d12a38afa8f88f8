"""`python -m tests.security`: attack by layer. Ends with 1 where something escaped or contradicts a header."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .headers import ATTACKS, load
from .layers import ALL, CONFIGURATIONS
from .table import Matrix, measure, render


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security", description="Runs the attack corpus.")
    parser.add_argument("--family", action="append", default=[], help="only this directory of attacks (repeatable)")
    parser.add_argument("-k", dest="keyword", default="", help="only programs whose family/name contains this")
    parser.add_argument("--quick", action="store_true", help="only with all layers on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every observation")
    parser.add_argument("--details", action="store_true", help="print what each program said in each configuration")
    parser.add_argument("--attacks", type=Path, default=ATTACKS, help="another corpus")
    arguments = parser.parse_args()
    matrix = Matrix(load(arguments.attacks, arguments.family, arguments.keyword))
    if not matrix.programs:
        parser.error("no program matches")
    measure(matrix, [ALL] if arguments.quick else CONFIGURATIONS)
    print(render(matrix))
    if arguments.details:
        for program in matrix.programs:
            for name, observations in matrix.observations.items():
                if program.id in observations:
                    print(f"{program.id} [{name}] {observations[program.id]}")
    if arguments.json:
        arguments.json.write_text(json.dumps(matrix.as_json(), indent=1) + "\n")
    return 1 if matrix.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
