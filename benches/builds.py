"""Two builds of codemode, side by side: what a change costs.

    python benches/builds.py BEFORE/bin/python AFTER/bin/python [--slices 40] [--json FILE]

Each build is installed into an environment of its own and keeps an embedded executor. The two take turns, one slice of
a workload each, so that what else the machine does hits both; a ratio compares two slices that follow each other. It is
the median over all pairs, with the interval that holds the true median nineteen times in twenty.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

WORKLOADS = {
    "2 + 2": (1, "result = 2 + 2"),
    "1 tool call": (1, "result = tools.add(a=1, b=2)"),
    "10 tool calls": (1, "result = sum(tools.add(a=x, b=2) for x in range(10))"),
    "100 tool calls": (1, "result = sum(tools.add(a=x, b=2) for x in range(100))"),
    "10 gathered calls": (
        1,
        "import asyncio\nresult = sum(await asyncio.gather(*[tools.add.run_async(a=x, b=2) for x in range(10)]))",
    ),
    "8 clients, 1 tool call": (8, "result = tools.add(a=1, b=2)"),
}
"""Threads that execute at once, and the program."""


def serve() -> None:
    """One build: runs a slice for each line that comes, and says how many executions a second it was."""
    from codemode import Codemode, ComponentRegistry

    registry = ComponentRegistry()
    registry.register_tool("add", lambda a, b: a + b)
    with Codemode.local(registry=registry) as codemode:
        for line in sys.stdin:
            workload, seconds = json.loads(line)
            threads, program = WORKLOADS[workload]
            print(json.dumps(_slice(codemode, threads, program, seconds)), flush=True)


def _slice(codemode: Any, threads: int, program: str, seconds: float) -> float:
    done = [0] * threads
    began = time.perf_counter()

    def work(index: int) -> None:
        while time.perf_counter() - began < seconds:
            result = codemode.run(program)
            assert result.success, result.error
            done[index] += 1

    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - began)


class Build:
    """A process of one build's environment."""

    def __init__(self, python: str) -> None:
        command = [python, str(Path(__file__)), "--serve"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def slice(self, workload: str, seconds: float) -> float:
        """Executions a second."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([workload, seconds]) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Ends it and its executor."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def interval(ratios: list[float]) -> tuple[float, float]:
    """Between which two of them the true median is, with a probability of 95 %: by the sign test."""
    count = len(ratios)
    rank = max(0, math.floor((count - 1.96 * math.sqrt(count)) / 2))
    ordered = sorted(ratios)
    return ordered[rank], ordered[count - 1 - rank]


def main() -> int:
    """Measures both builds. Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", help="the Python of the environment to compare with")
    parser.add_argument("after", help="the Python of the environment with the change")
    parser.add_argument("--slices", type=int, default=40, help="pairs for each workload; default: 40")
    parser.add_argument("--seconds", type=float, default=0.5, help="of one slice; default: 0.5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every slice")
    options = parser.parse_args()
    builds = [Build(options.before), Build(options.after)]
    figures: dict[str, list[tuple[float, float]]] = {}
    print(f"{'executions a second':26}{'before':>10}{'after':>10}{'after / before':>16}   95 % interval")
    for workload in WORKLOADS:
        for build in builds:
            build.slice(workload, 1.0)
        pairs = figures[workload] = []
        for number in range(options.slices):
            # First one, then the other begins a pair: what drifts during a pair favours neither.
            order = (0, 1) if number % 2 else (1, 0)
            rates = {index: builds[index].slice(workload, options.seconds) for index in order}
            pairs.append((rates[0], rates[1]))
        ratios = [after / before for before, after in pairs]
        before, after = (statistics.median(rates) for rates in zip(*pairs, strict=True))
        least, most = interval(ratios)
        middle = statistics.median(ratios)
        print(f"{workload:26}{before:>10.0f}{after:>10.0f}{middle:>16.3f}   {least:.3f} to {most:.3f}", flush=True)
    for build in builds:
        build.close()
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(serve() if sys.argv[1:] == ["--serve"] else main())
