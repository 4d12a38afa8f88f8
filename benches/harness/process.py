"""A subject's driver as seen from the harness: a process, and one request at a time over its pipes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from harness.environments import SubjectSpec, environment, interpreter


class RowUnavailableError(Exception):
    """The subject cannot do the row. The message says why."""


class SubjectError(Exception):
    """The subject failed at a row. The message is its own."""


class SubjectProcess:
    """A running driver. Its standard error is kept for messages."""

    def __init__(self, spec: SubjectSpec) -> None:
        self.spec = spec
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the process
        self._process = subprocess.Popen(
            [interpreter(spec), str(spec.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment(spec),
            text=True,
        )

    def samples(self, row: str, options: Mapping[str, Any]) -> list[float]:
        """The samples of a row.

        Raises:
            RowUnavailableError: The subject cannot do it.
            SubjectError: It failed, or its process ended.
        """
        samples: list[float] = self._ask(row, options)["samples"]
        return samples

    def facts(self) -> dict[str, Any]:
        """What the subject says about itself. Raises `SubjectError` where it fails at that."""
        facts: dict[str, Any] = self._ask("facts", {})["facts"]
        return facts

    def _ask(self, row: str, options: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"row": row, **options}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._stderr.seek(0)
            last = (self._stderr.read().strip().splitlines() or ["it wrote nothing"])[-1]
            raise SubjectError(f"the driver ended: {last}")
        reply: dict[str, Any] = json.loads(line)
        if "unavailable" in reply:
            raise RowUnavailableError(reply["unavailable"])
        if "error" in reply:
            raise SubjectError(reply["error"])
        return reply

    def close(self) -> None:
        """Ends the driver, which ends what it started."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._stderr.close()

    def __enter__(self) -> SubjectProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
