"""What every subject's driver shares: the protocol with the harness, and the clock.

A driver is a process of its own, so that the subjects' packages do not mix. It reads one JSON request a line from
standard input and answers each with one JSON line on what was standard output: `{"samples": […]}`, `{"facts": {…}}`,
`{"unavailable": reason}` or `{"error": text}`. Only the standard library is imported here: it must run in every
subject's environment.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

Samples = list[float]


class UnavailableError(Exception):
    """The subject cannot do what the row measures. The message says why."""


class Subject:
    """One subject. A row is a method; each returns samples: seconds, or executions per second for `throughput`."""

    version = ""

    def open(self) -> Samples:
        """Starts the subject and runs `result = 2 + 2` in it: the seconds to the first result."""
        raise UnavailableError("it has nothing to start")

    def warm(self, count: int, pause: float) -> Samples:
        """``count`` executions of `result = 2 + 2`, one after the other, ``pause`` seconds apart."""
        raise NotImplementedError

    def tool_call(self, count: int) -> Samples:
        """One program that calls a sync tool ``count`` times in a loop: the seconds for one call."""
        raise UnavailableError("it has no tools")

    def parallel(self, count: int, seconds: float) -> Samples:
        """One program that gathers ``count`` calls of an async tool that takes ``seconds``: the whole execution."""
        raise UnavailableError("it has no tools")

    def throughput(self, clients: int, seconds: float) -> Samples:
        """Executions per second of ``clients`` clients at once, for ``seconds`` and until each has its last result."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What the report says about the subject, and where its processes are."""
        return {"version": self.version, "pid": os.getpid()}

    def close(self) -> None:
        """Ends what `open` started."""


def timed(count: int, run: Callable[[], object], pause: float = 0.0) -> Samples:
    """The seconds of each of ``count`` runs, ``pause`` seconds apart."""
    samples = []
    for _ in range(count):
        if pause:
            time.sleep(pause)
        begin = time.perf_counter()
        run()
        samples.append(time.perf_counter() - begin)
    return samples


def expect(value: object, expected: object) -> None:
    """Refuses a wrong result: a fast wrong answer must not count."""
    if value != expected:
        raise RuntimeError(f"the result is {value!r}, not {expected!r}")


def serve(subject: Subject) -> None:
    """Answers the harness until it closes standard input."""
    # What the subject's package prints must not get into the protocol.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        for line in sys.stdin:
            _answer(subject, json.loads(line), replies)
    finally:
        subject.close()


def _answer(subject: Subject, request: dict[str, Any], replies: TextIO) -> None:
    row = request.pop("row")
    reply: dict[str, Any]
    try:
        answer = getattr(subject, row)(**request)
        reply = {"facts": answer} if row == "facts" else {"samples": answer}
    except UnavailableError as reason:
        reply = {"unavailable": str(reason)}
    except Exception as error:
        traceback.print_exc()
        reply = {"error": f"{type(error).__name__}: {error}"}
    replies.write(json.dumps(reply) + "\n")
