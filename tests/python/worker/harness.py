"""A small fake executor: starts the worker's own bootstrap in a plain interpreter and speaks the worker protocol.

No jail: in place of the extension `_codemode_jail` there is a module whose `serve` puts the socket on descriptor 3. The
rest of the extension is the real one, as cargo built it last.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
WORKER = REPOSITORY / "crates" / "codemode-executor" / "worker"
# A zygote has its control socket where a worker has the executor's.
BOOTSTRAP = (
    "import os, sys; os.dup2(int(os.environ['WORKER_SOCKET']), 3); sys.path.insert(0, {directory!r}); "
    "from codemode_worker.zygote import main; main()"
)
JAIL = """
import importlib.machinery, importlib.util, os, sys
this = sys.modules[__name__]
path = os.path.join(os.path.dirname(__file__), "extension.so")
loader = importlib.machinery.ExtensionFileLoader("_codemode_jail", path)
real = importlib.util.module_from_spec(importlib.util.spec_from_loader("_codemode_jail", loader))
sys.modules[__name__] = this  # the extension has put itself there
install, begin, stop, take_clock = real.install, real.begin, real.stop, real.take_clock
def serve():
    os.dup2(int(os.environ["WORKER_SOCKET"]), 3)
"""
DEADLINE = 20.0
LIMIT = 16 * 1024 * 1024

START, RESULT, JOURNAL, READY, CALL, OUTPUT, FINISHED = 1, 2, 3, 16, 17, 18, 19
COMPLETED, FAILED, REJECTED, DIVERGED = "completed", "failed", "rejected", "diverged"
OUTCOMES = {1: COMPLETED, 2: FAILED, 3: REJECTED, 4: DIVERGED}


def lay_out(directory: Path) -> Path:
    """Puts the worker's files where an executor would: the package, and the extension beside it."""
    package = directory / "codemode_worker"
    package.mkdir()
    for source in WORKER.glob("*.py"):
        shutil.copyfile(source, package / source.name)
    (directory / "_codemode_jail.py").write_text(JAIL)
    shutil.copyfile(extension(), directory / "extension.so")
    return directory


def extension() -> Path:
    """The jail extension of the last build."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = target.glob("**/build/codemode-jail-*/out/_codemode_jail.abi3.so")
    newest = max(built, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        raise FileNotFoundError(f"no extension in `{target}`: run `cargo build -p codemode-jail`")
    return newest


@dataclass
class Call:
    """A CALL frame."""

    call_id: int
    index: int
    flags: int
    answered: list[int]
    clock: bytes
    arguments: bytes

    @classmethod
    def of(cls, payload: bytes) -> Call:
        call_id, index, flags, count = struct.unpack_from("<IHBI", payload)
        answered = list(struct.unpack_from(f"<{count}I", payload, 11))
        at = 11 + 4 * count
        (clock,) = struct.unpack_from("<I", payload, at)
        at += 4
        return cls(call_id, index, flags, answered, payload[at : at + clock], payload[at + clock :])


@dataclass
class Entry:
    """A call of a journal. `outcome`: encoded text; for a failure, its JSON; None where there is none yet."""

    call_id: int
    arguments: str
    outcome: str | None = None
    order: int = 0
    seen: int = 0
    index: int = 0
    failed: bool = False
    clock: bytes = b""

    def encoded(self) -> bytes:
        status = 2 if self.outcome is None else int(self.failed)
        parts = [self.clock, self.arguments.encode(), (self.outcome or "").encode()]
        header = struct.pack("<IHIIBIII", self.call_id, self.index, self.seen, self.order, status, *map(len, parts))
        return header + b"".join(parts)


@dataclass
class Tool:
    """A tool of the fake application. `run` gets the encoded arguments' dict, and returns encoded text or raises."""

    name: str
    run: Callable[[dict[str, Any]], Any] = lambda arguments: arguments
    is_async: bool = False
    parameters: list[str] = field(default_factory=list)
    description: str = ""
    input_schema: str | None = None
    output_schema: str | None = None


class Failure(Exception):
    """A tool's failure: type, message, builtin type."""


@dataclass
class Finished:
    outcome: str
    text: str
    stdout: bytes
    stderr: bytes
    calls: list[tuple[str, Any]]
    events: list[tuple[str, Any]]

    @property
    def value(self) -> Any:
        assert self.outcome == COMPLETED, self.text
        return json.loads(self.text)

    @property
    def error(self) -> dict[str, Any]:
        assert self.outcome != COMPLETED, self.text
        error: dict[str, Any] = json.loads(self.text)
        return error


class Worker:
    """One worker process and the executor's end of its socket."""

    def __init__(self, directory: Path, interpreter: Path | str = sys.executable) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(DEADLINE)
        os.set_inheritable(theirs.fileno(), True)
        self.process = subprocess.Popen(
            [interpreter, "-S", "-s", "-c", BOOTSTRAP.format(directory=str(directory))],
            env={"WORKER_SOCKET": str(theirs.fileno()), "PYTHONHASHSEED": "0"},
            pass_fds=[theirs.fileno()],
            cwd="/",
        )
        theirs.close()
        self._buffer = b""
        assert self.read() == (READY, b"")

    def read(self) -> tuple[int, bytes]:
        while True:
            if len(self._buffer) >= 4:
                (length,) = struct.unpack_from("<I", self._buffer)
                if len(self._buffer) >= 4 + length:
                    body, self._buffer = self._buffer[4 : 4 + length], self._buffer[4 + length :]
                    return body[0], body[1:]
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError
            self._buffer += data

    def write(self, kind: int, payload: bytes) -> None:
        self.socket.sendall(struct.pack("<IB", 1 + len(payload), kind) + payload)

    def start(
        self,
        code: str,
        tools: list[Tool],
        config: str | None = None,
        limit: int = LIMIT,
        seed: str = "00" * 32,
        journal: Sequence[Entry] = (),
    ) -> None:
        header = {
            "code": code,
            "tools": [[tool.name, tool.is_async, tool.parameters] for tool in tools],
            "config": config,
            "context": None,
            "seed": seed,
            "journal": len(journal),
            "limits": {"value": limit, "tool_calls": 10_000},
            "describe": [[tool.description, tool.input_schema, tool.output_schema] for tool in tools],
        }
        self.write(START, json.dumps(header).encode())
        for entry in journal:
            self.write(JOURNAL, entry.encoded())

    def answer(self, call_id: int, value: str) -> None:
        self.write(RESULT, struct.pack("<IB", call_id, 0) + value.encode())

    def fail(self, call_id: int, type: str, message: str, builtin: str = "") -> None:
        failure = json.dumps({"type": type, "message": message, "builtin": builtin})
        self.write(RESULT, struct.pack("<IB", call_id, 1) + failure.encode())

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """All frames up to FINISHED; after it there must be none."""
        while True:
            kind, payload = self.read()
            yield kind, payload
            if kind == FINISHED:
                break
        self.socket.shutdown(socket.SHUT_WR)  # it waits for its end
        try:
            extra: Any = self.read()
        except EOFError:
            extra = None
        assert extra is None
        assert self.process.wait(DEADLINE) == 0

    def run(self, tools: list[Tool]) -> Finished:
        """Serves the program to its end, answering each call at once."""
        output = {1: b"", 2: b""}
        calls: list[tuple[str, Any]] = []
        events: list[tuple[str, Any]] = []
        for kind, payload in self.frames():
            if kind == OUTPUT:
                assert len(payload) <= 64 * 1024 + 1
                output[payload[0]] += payload[1:]
                events.append(("output", payload[1:]))
            elif kind == CALL:
                call = Call.of(payload)
                assert call.call_id == len(calls) + 1
                tool = tools[call.index]
                arguments = json.loads(call.arguments)
                calls.append((tool.name, arguments))
                events.append(("call", tool.name))
                try:
                    self.answer(call.call_id, json.dumps(tool.run(arguments)))
                except Failure as failure:
                    self.fail(call.call_id, *failure.args)
            else:
                assert kind == FINISHED
                return_value = OUTCOMES[payload[0]], payload[1:].decode()
        return Finished(*return_value, output[1], output[2], calls, events)

    def close(self) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()
