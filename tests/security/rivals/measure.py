"""Runs the corpus on rivals: one warm process for each lane, each in the rival's own environment."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Any

from tests.security.headers import Program
from tests.security.runner import KEY_MARKER, ROOT, Observation

from .applies import has_turns, why_not
from .ground import FIRST_USER
from .rival import MODULES
from .verdict import ESCAPED, KILLED, NOT_APPLICABLE, STOPPED, LostError, Verdict, judge

ENVIRONMENTS = ROOT / ".venv-rivals"
NAMES = tuple(MODULES)
# Lanes of one rival. Most runs wait for a limit of time or for one processor.
LANES = 4
# The rival's limit of wall time, in seconds: for attacks that wait for a limit, and for all others, which must not meet
# one on a busy machine.
SHORT, LONG = 3, 10
# For what is tried again, and how often.
LONGEST, RETRIES = 60, 2
# How much longer the harness waits for the rival to say that the limit was reached.
PATIENCE = 4
_users = count(FIRST_USER)


class SetupError(Exception):
    """A rival cannot be run here. The message says what to do."""


def interpreter(name: str) -> Path:
    """The Python of a rival's environment."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        raise SetupError(f"`{python}` is not there; run `make attacks-rivals`, which makes it")
    return python


class Lane:
    """One warm process that runs jobs, one after the other."""

    def __init__(self, name: str, python: str | None = None, slowness: float = 1) -> None:
        self._slowness = slowness
        if os.getuid() != 0:
            raise SetupError("attacks are only run where namespaces contain them, and those are made by root: use sudo")
        # A clean environment: what is in it is what an attack may find.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "CODEMODE_API_KEY": KEY_MARKER + secrets.token_hex(16),
        }
        self._process = subprocess.Popen(
            [python or str(interpreter(name)), "-m", "tests.security.rivals.host", name, str(next(_users))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        self.facts = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SetupError(f"the rival's process ended with status {self._process.wait()}; its error is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, program: Program, seconds: int | None = None) -> dict[str, Any]:
        """What was seen of one run. `seconds` is the rival's limit of wall time."""
        assert self._process.stdin is not None
        watched = program.host is not None
        seconds = round((seconds or (SHORT if watched else LONG)) * self._slowness)
        job = {
            "code": program.code,
            "turns": has_turns(program),
            "works": watched,
            "seconds": seconds,
            "next": round(LONGEST * self._slowness),
            "patience": [each + PATIENCE * self._slowness for each in (seconds, LONGEST * self._slowness)],
        }
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def verdict(self, program: Program, seconds: int | None = None) -> Verdict:
        """Runs it and judges; once more, with time, where the harness was at fault or the machine too busy."""

        def judged(seen: dict[str, Any]) -> Verdict:
            return judge(program, seen, whole_python=self.facts["whole"], has_pool=self.facts["pool"])

        seen = self.run(program, seconds)
        for retried in range(RETRIES):
            slow = "late" in seen or (seen.get("ended") or {}).get("how") == "timed_out"
            with contextlib.suppress(LostError):
                verdict = judged(seen)
                if program.host is not None or not slow or retried:
                    return verdict
            seen = self.run(program, LONGEST if program.host is None else seconds)
        return judged(seen)

    def close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # It ended before; whoever met that has said so.
            self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def lanes(name: str, slowness: float = 1) -> Iterator[list[Lane]]:
    opened: list[Lane] = []
    try:
        for _ in range(LANES):
            opened.append(Lane(name, slowness=slowness))
        yield opened
    finally:
        for lane in opened:
            lane.close()


def run(name: str, programs: Sequence[Program], slowness: float = 1) -> tuple[str, dict[str, Verdict]]:
    """The rival's version, and a verdict for each program. `slowness` multiplies every limit of time."""
    verdicts = {program.id: Verdict(NOT_APPLICABLE, why) for program in programs if (why := why_not(program))}
    with lanes(name, slowness) as opened:
        free: Queue[Lane] = Queue()
        for lane in opened:
            free.put(lane)

        def one(program: Program) -> tuple[str, Verdict]:
            lane = free.get()
            try:
                return program.id, lane.verdict(program)
            finally:
                free.put(lane)

        with ThreadPoolExecutor(len(opened)) as threads:
            verdicts |= dict(threads.map(one, [each for each in programs if each.id not in verdicts]))
        return opened[0].facts["version"], verdicts


def of_codemode(seen: Observation) -> Verdict:
    """The same words for what the corpus' own runner has observed."""
    if seen.escaped:
        return Verdict(ESCAPED, seen.detail)
    # By the measure of the rivals: whether the end is the one that the header names is what `make attacks` asks.
    return Verdict(KILLED if seen.what.startswith("error") else STOPPED, str(seen))
