"""Workers forked from the test's own process: thousands a minute, where `harness` starts an interpreter for each.

The process that forks must have one thread. A worker runs its real code from the start frame on; it has no jail.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .harness import JOURNAL, LIMIT, READY, RESULT, START, Entry, lay_out

_ready: list[Any] = []


def _runner() -> Any:
    if not _ready:
        directory = lay_out(Path(tempfile.mkdtemp(prefix="codemode-worker-")))
        sys.path.insert(0, str(directory))
        import codemode_worker.runner as runner  # type: ignore[import-not-found]

        sys.path.remove(str(directory))
        _ready.append(runner)
    return _ready[0]


class Forked:
    """One worker and the executor's end of its socket."""

    def __init__(self) -> None:
        runner = _runner()
        self.socket, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._serve(runner, theirs)
        theirs.close()
        self._buffer = bytearray()
        self.ended = False
        assert self.read() == (READY, b"")

    def _serve(self, runner: Any, theirs: socket.socket) -> None:
        try:
            os.dup2(theirs.fileno(), 3)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            import threading

            threading.excepthook = threading.__excepthook__
            sys.unraisablehook = sys.__unraisablehook__
            worker = runner.Worker(3)
            worker.install()
            worker.main()
        finally:
            os._exit(99)

    def write(self, kind: int, payload: bytes) -> None:
        self.socket.sendall(struct.pack("<IB", 1 + len(payload), kind) + payload)

    def start(self, code: str, tools: Sequence[str], journal: Sequence[Entry] = (), seed: str = "00" * 32) -> None:
        header = {
            "code": code,
            "tools": [[name, False, ["x"]] for name in tools],
            "config": None,
            "context": None,
            "seed": seed,
            "journal": len(journal),
            "limits": {"value": LIMIT, "tool_calls": 100_000},
            "describe": [["", None, None] for _ in tools],
        }
        self.write(START, json.dumps(header).encode())
        if journal:
            self.socket.sendall(
                b"".join(
                    struct.pack("<IB", 1 + len(entry), JOURNAL) + entry for entry in (e.encoded() for e in journal)
                )
            )

    def answer(self, call_id: int, outcome: str, failed: bool = False) -> None:
        self.write(RESULT, struct.pack("<IB", call_id, failed) + outcome.encode())

    def read(self, timeout: float = 60.0) -> tuple[int, bytes] | None:
        """The next frame; None where none came in time, or the worker ended."""
        buffer = self._buffer
        while True:
            if len(buffer) >= 4:
                (length,) = struct.unpack_from("<I", buffer)
                if len(buffer) >= 4 + length:
                    body = bytes(buffer[4 : 4 + length])
                    del buffer[: 4 + length]
                    return body[0], body[1:]
            if not select.select([self.socket], [], [], timeout)[0]:
                return None
            data = self.socket.recv(1 << 20)
            if not data:
                self.ended = True
                return None
            buffer += data

    def sleeps(self) -> bool:
        """Whether each of its threads waits for something."""
        try:
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                if (task / "stat").read_text().rpartition(")")[2].split()[0] != "S":
                    return False
        except OSError:  # A thread that ended meanwhile, or the worker.
            return False
        return True

    def close(self) -> None:
        self.socket.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
