"""The clients' processes, seen from the harness: started, killed, and read."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from .tally import Tally


class ClientProcess:
    """One client: a process, and a thread that reads what it says into the tally."""

    def __init__(self, url: str, directory: Path, name: str, tally: Tally, *, durable: bool) -> None:
        self.name = name
        self._url, self._directory, self._tally, self._durable = url, directory, tally, durable
        self._seed = 0
        self.start()

    def start(self) -> None:
        self._seed += 1
        arguments = [self._url, str(self._directory / "ledger.db"), "--name", self.name, "--seed", str(self._seed)]
        if self._durable:
            arguments += ["--store", str(self._directory / f"{self.name}.checkpoints.db")]
        errors = (self._directory / f"{self.name}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.client", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        errors.close()
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            # A killed process may leave its last line cut short: what it was about to say, nobody knows.
            if line.endswith("\n"):
                self._tally.take(json.loads(line))
        process.stdout.close()

    def kill(self) -> None:
        """As an application that crashed; another process of the same name goes on where it was."""
        assert self._process.stdin is not None
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._reader.join()
        self._tally.killed(self.name)
        self.start()

    def ask_to_stop(self) -> None:
        """It finishes what it has begun."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self, seconds: float) -> None:
        status = self._process.wait(seconds)
        self._reader.join()
        if status != 0:
            log = (self._directory / f"{self.name}.log").read_text()[-4_000:]
            raise AssertionError(f"the client `{self.name}` ended with {status}: {log}")
