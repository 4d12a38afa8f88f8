"""Runs programs of the corpus on real executors and says what was observed.

`running(configuration)` starts one executor; `run(executor, programs)` has it run each of them, several at once.
A verdict is about the attack alone: `escaped` with the program's evidence, or `stopped`, in whatever way. Whether
the way is one that the header allows is `allowed`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import grpc

from codemode.core.local import find_executable
from tests.python.service import executors
from tests.python.service.contract import Client, Ended

from .headers import Program
from .layers import ALL, Configuration

ROOT = Path(__file__).parents[2]
# Programs that search memory know this much of the executor's key, and no more.
KEY_MARKER = "cmk-marker-"
# Seconds of wall time for a program that is meant to wait for its end; and for others, which only a busy machine or a
# fault keeps so long.
WALL_TIME, PATIENCE = 10, 60
AT_ONCE = 8


@dataclass(frozen=True)
class Observation:
    """How one program ended. `what` is a word list as in `observed:`, or `escaped`, or `error <status>`."""

    what: str
    detail: str = ""

    @property
    def escaped(self) -> bool:
        return self.what == "escaped"

    def is_clear(self, program: Program) -> bool:
        """Whether it says something of the attack: a program's own mistake and an executor's fault do not."""
        return self.what in {"escaped", "stopped", "killed system_call"} or self.allowed(program)

    def allowed(self, program: Program) -> bool:
        return self.what in program.observed

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}" if self.detail else self.what


class Executor(executors.Executor):
    """One `codemode serve` with a random key that carries `KEY_MARKER`."""

    def __init__(self, command: Sequence[str], target: str, **options: object) -> None:
        self.key = KEY_MARKER + secrets.token_hex(16)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CODEMODE_")}
        environment["CODEMODE_API_KEY"] = self.key
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "python")])
        self.target = target
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]
        )
        self._follow_log()

    def client(self, key: str | None = None) -> Client:
        return Client(self.target, key or self.key)


@contextlib.contextmanager
def running(
    configuration: Configuration = ALL, *, around: Sequence[str] = (), contained: bool | None = None
) -> Iterator[Executor]:
    """An executor with the layers of `configuration`, on a Unix socket.

    `around`: a command that runs the executor's. `contained`: inside the harness's own namespaces; by default where
    layers are off and this is root.
    """
    if contained is None:
        contained = configuration != ALL and os.getuid() == 0
    with tempfile.TemporaryDirectory(prefix="codemode-security-") as name:
        directory = Path(name).resolve()
        container = [sys.executable, "-m", "tests.security.containment", str(directory)] if contained else []
        target = f"unix:{directory / 'socket'}"
        with started([*container, *around, *serve(target), *configuration.arguments], target) as executor:
            yield executor


def serve(target: str, executable: str | None = None) -> list[str]:
    """The command of an executor that keeps as many workers as programs run at once."""
    return [executable or str(find_executable()), "serve", "--listen", target, "--idle-workers", str(AT_ONCE)]


@contextlib.contextmanager
def started(command: Sequence[str], target: str, **options: object) -> Iterator[Executor]:
    """Starts the command; stops it afterwards."""
    executor = Executor(command, target, **{"cwd": ROOT, **options})
    try:
        yield executor
    finally:
        executor.stop()


def run(
    executor: Executor,
    programs: Sequence[Program],
    *,
    at_once: int = AT_ONCE,
) -> dict[str, Observation]:
    """Runs all programs on one executor: at once, then resource attacks (`runs: once`) and scenarios one by one."""
    client = executor.client()

    def one(program: Program) -> tuple[str, Observation]:
        return program.id, observe(program, executor, client)

    together = [program for program in programs if not needs_quiet(program)]
    with ThreadPoolExecutor(at_once) as threads:
        observations = dict(threads.map(one, together))
    observations |= dict(map(one, filter(needs_quiet, programs)))
    client.close()
    return observations


def needs_quiet(program: Program) -> bool:
    """Whether what is observed depends on what else its executor does."""
    return program.host is not None or not program.is_in_matrix


def run_in_lanes(
    programs: Sequence[Program], start: Callable[[], AbstractContextManager[Executor]] = running
) -> dict[str, Observation]:
    """Runs all programs on executors of one kind. Those that wait or watch have executors of their own, to overlap."""
    lanes: list[list[Program]] = [[program for program in programs if not needs_quiet(program)], [], [], [], []]
    for number, program in enumerate(filter(needs_quiet, programs)):
        # Scenarios that watch this process share a lane: it has one interpreter.
        watches_this_process = program.host is not None and not program.host.startswith("endures")
        lanes[1 if watches_this_process else 2 + number % 3].append(program)

    def lane(programs: list[Program]) -> dict[str, Observation]:
        with start() as executor:
            return run(executor, programs)

    with ThreadPoolExecutor(len(lanes)) as threads:
        found = list(threads.map(lane, filter(None, lanes)))
    return {identity: seen for observations in found for identity, seen in observations.items()}


def observe(program: Program, executor: Executor, client: Client) -> Observation:
    """Runs one program."""
    try:
        if program.host is not None:
            from .scenarios import SCENARIOS

            return observation(SCENARIOS[program.host](program, executor))
        return of(_run(client, program.code, WALL_TIME if program.may_time_out else PATIENCE))
    except grpc.RpcError as error:
        return Observation(f"error {error.code().name}", error.details() or "")
    except Exception as error:
        # A fault of the scenario, or of the executor that it watches. The others are still run.
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Observation(f"error {type(error).__name__}", f"{error} ({Path(place.filename).name}:{place.lineno})")


def _run(client: Client, code: str, wall_time: float) -> Ended:
    """As clients do, tries again where the executor is too busy to start: nothing of the program has run."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return client.run(code, wall_time=wall_time, timeout=2 * PATIENCE)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > ends:
                raise


def of(ended: Ended) -> Observation:
    """What an execution's end says of its attack."""
    outcome = ended.outcome
    if outcome == "completed":
        value = json.loads(ended.finished.value)
        return observation(value) if isinstance(value, str) else Observation("completed", repr(value)[:200])
    if outcome in {"failed", "rejected"}:
        error = ended.finished.error
        kind = f"failed {error.type.rpartition('.')[2]}" if outcome == "failed" else outcome
        return Observation(kind, f"{error.type}: {error.message} (line {error.line})"[:300])
    if outcome == "killed":
        return Observation(f"killed {ended.limit}", ended.finished.exceeded.message[:200])
    return Observation(outcome)


def observation(said: str | Observation) -> Observation:
    """From a program's value, or from what a scenario says: `stopped: …`, `escaped: …`, `killed memory` and so on."""
    if isinstance(said, Observation):
        return said
    what, _, detail = said.partition(":")
    words = what.split()
    if words and words[0] in {"stopped", "escaped", "rejected", "timed_out", "killed", "failed", "cancelled"}:
        # The first word decides whether it escaped, whatever follows.
        return Observation("escaped" if words[0] == "escaped" else what.strip(), detail.strip()[:300])
    return Observation("completed", said[:200])
