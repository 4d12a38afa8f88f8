"""`python -m tests.security.soak`: ends with 1 where something is not within its bound."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from .endurance import endure
from .stalls import measure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security.soak", description=__doc__)
    parser.add_argument("--executions", type=int, default=200_000, help="default: 200000")
    parser.add_argument(
        "--warm-up",
        type=int,
        default=20_000,
        help="before the first reading: the client is level by then; default: 20000",
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="the most that the executions may take")
    parser.add_argument("--interval", type=float, default=30, help="seconds between lines of progress")
    parser.add_argument("--stalled", type=int, default=1_000, help="connections that stall half-way; default: 1000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure")
    arguments = parser.parse_args()
    if os.environ.get("MALLOC_ARENA_MAX") != "1":
        # Each of the allocator's arenas, of which there are eight for each processor, keeps the pages of its busiest
        # moment: that one thread after another has come to it is not to be told from growth.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "MALLOC_ARENA_MAX": "1"})

    def say(line: str) -> None:
        print(line, flush=True)

    endured = endure(
        arguments.executions,
        warm_up=arguments.warm_up,
        seconds=arguments.minutes * 60,
        interval=arguments.interval,
        say=say,
    )
    say(endured.render())
    say(f"{arguments.stalled} connections that stall, beside good clients; RSS (MiB), descriptors: before/during/after")
    problems: list[str] = []
    stalls = []
    for secure in (False, True) if arguments.stalled else ():
        say("over TLS" if secure else "over TCP")
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            for stalled in measure(arguments.stalled, 60, Path(folder), secure=secure):
                say(stalled.render())
                problems += stalled.problems()
                stalls.append({"tls": secure, **stalled._asdict()})
    for problem in problems:
        say(f"past its bound: {problem}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"endurance": endured.as_json(), "stalls": stalls}, indent=1) + "\n")
    return 1 if problems or not endured.holds() else 0


if __name__ == "__main__":
    sys.exit(main())
