"""The subject `bare python`: a `python3 -I -S -c` for each execution, the least that a fresh CPython costs. No jail."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from clients import threads
from driver import Samples, Subject, expect, serve, timed

# Past the links of a virtual environment: the interpreter itself.
COMMAND = [os.path.realpath(sys.executable), "-I", "-S", "-c", "print(2 + 2)"]


def run() -> None:
    """One execution."""
    expect(subprocess.run(COMMAND, stdout=subprocess.PIPE, check=True).stdout, b"4\n")


class BarePython(Subject):
    """A process for each execution."""

    version = platform.python_version()

    def open(self) -> Samples:
        return timed(1, run)

    def warm(self, count: int, pause: float) -> Samples:
        return timed(count, run, pause)

    def throughput(self, clients: int, seconds: float) -> Samples:
        return [threads(clients, seconds, run)]


if __name__ == "__main__":
    serve(BarePython())
