"""`python -m tests.security`: attack by layer, and what holds in a container. Ends with 1 where something escaped or
contradicts a header.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import document
from .headers import ATTACKS, load
from .layers import ALL, CONFIGURATIONS, CONTAINER
from .table import Matrix, measure, measure_again, render


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security", description="Runs the attack corpus.")
    parser.add_argument("--family", action="append", default=[], help="only this directory of attacks (repeatable)")
    parser.add_argument("-k", dest="keyword", default="", help="only programs whose family/name contains this")
    parser.add_argument("--quick", action="store_true", help="only with all layers on")
    parser.add_argument("--container", action="store_true", help="also as an ordinary user without user namespaces")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table as a document; needs a whole run"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every observation")
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="take what --json wrote, and repeat only what contradicted a header"
    )
    parser.add_argument("--details", action="store_true", help="print what each program said in each configuration")
    parser.add_argument("--attacks", type=Path, default=ATTACKS, help="another corpus")
    arguments = parser.parse_args()
    matrix = Matrix(load(arguments.attacks, arguments.family, arguments.keyword))
    if not matrix.programs:
        parser.error("no program matches")
    if arguments.markdown and (arguments.quick or arguments.family or arguments.keyword or not arguments.container):
        parser.error(
            "--markdown is for all programs in all configurations: give --container, and nothing that leaves out"
        )
    configurations = [ALL] if arguments.quick else list(CONFIGURATIONS)
    if arguments.container:
        configurations.append(CONTAINER)
    if arguments.again:
        matrix.recall(json.loads(arguments.again.read_text()))
        measure_again(matrix, configurations)
    else:
        measure(matrix, configurations)
    print(render(matrix))
    if arguments.details:
        for program in matrix.programs:
            for name, observations in matrix.observations.items():
                if program.id in observations:
                    print(f"{program.id} [{name}] {observations[program.id]}")
    if arguments.json:
        arguments.json.write_text(json.dumps(matrix.as_json(), indent=1) + "\n")
    if matrix.problems():
        return 1
    if arguments.markdown:
        arguments.markdown.write_text(document.render(matrix))
    return 0


if __name__ == "__main__":
    sys.exit(main())
