"""An application that is killed at a chosen moment, and one that goes on with what it left.

Each runs in a process of its own, forked from a server that has imported the package and used nothing of it. Its tools
write to a ledger, which outlives it: what stands there has happened.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codemode import Approve, Codemode, ComponentRegistry, ExecutorClient, PendingCall, Retry, Return
from codemode.checkpoints import (
    CheckpointInfo,
    CheckpointState,
    CheckpointStore,
    DirectoryStore,
    PostgresStore,
    SqliteStore,
    StoredCheckpoint,
)
from codemode.core.approvals import Answer

from .tools import KEY

PROGRAM = """
import asyncio
one = tools.effect(step='one')
two = tools.effect(step='two')

async def many():
    return await asyncio.gather(
        tools.effect.run_async(step='p1'), tools.effect_async(step='p2'),
        tools.effect.run_async(step='p3'), tools.effect_async(step='p4'),
    )

many = asyncio.run(many())
asked = tools.effect(step='asked')
result = [one, two, *many, asked, tools.effect(step=f'last after {asked}')]
"""
STEPS = ["one", "two", "p1", "p2", "p3", "p4", "asked", "last after asked done"]
VALUE = [f"{step} done" for step in STEPS]
SUSPENDED, KILLED, FAILED = 75, -signal.SIGKILL, 1


@dataclass(frozen=True)
class Place:
    """Where an application keeps what outlives it."""

    kind: str
    store: str
    ledger: Path
    result: Path

    def open(self) -> CheckpointStore:
        if self.kind == "postgres":
            return PostgresStore(self.store)
        return DirectoryStore(self.store) if self.kind == "directory" else SqliteStore(self.store)

    def did(self) -> list[str]:
        return self.ledger.read_text().split("\n")[:-1] if self.ledger.exists() else []


class Mortal:
    """Kills this process when it has counted to the moment: before or after an operation of the store or an effect."""

    def __init__(self, moment: int | None) -> None:
        self._moment = moment
        self._count = 0
        self._lock = threading.Lock()

    def passes(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == self._moment:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalStore:
    """A store between whose operations the process may end."""

    def __init__(self, store: CheckpointStore, mortal: Mortal) -> None:
        self._store, self._mortal = store, mortal

    def begin(self, execution_id: str, document: bytes) -> int:
        self._mortal.passes()
        revision = self._store.begin(execution_id, document)
        self._mortal.passes()
        return revision

    def append(self, execution_id: str, revision: int, position: int, records: Sequence[bytes]) -> None:
        self._mortal.passes()
        self._store.append(execution_id, revision, position, records)
        self._mortal.passes()

    def replace(
        self, execution_id: str, revision: int, state: CheckpointState, document: bytes, position: int | None = None
    ) -> int:
        self._mortal.passes()
        new = self._store.replace(execution_id, revision, state, document, position)
        self._mortal.passes()
        return new

    def load(self, execution_id: str) -> StoredCheckpoint:
        return self._store.load(execution_id)

    def delete(self, execution_id: str) -> None:
        self._store.delete(execution_id)

    def list(self, state: CheckpointState | None = None) -> list[CheckpointInfo]:
        return self._store.list(state)

    def close(self) -> None:
        self._store.close()


class Application:
    def __init__(self, url: str, api_key: str, place: Place, moment: int | None) -> None:
        self._place, self._mortal = place, Mortal(moment)
        registry = ComponentRegistry(approve=self._policy)
        registry.register_tool("effect", self._effect)
        registry.register_tool("effect_async", self._effect_async)
        self._store = place.open()
        client = ExecutorClient(url, api_key, retry_enabled=False)
        self._codemode = Codemode(
            registry=registry,
            executor_client=client,
            checkpoints=MortalStore(self._store, self._mortal),
            checkpoint_key=KEY,
        )

    @staticmethod
    def _policy(call: PendingCall) -> str:
        return "ask" if call.arguments["step"] == "asked" else "allow"

    def _effect(self, step: str) -> str:
        self._mortal.passes()
        descriptor = os.open(self._place.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, f"{step}\n".encode())
        os.close(descriptor)
        self._mortal.passes()
        return f"{step} done"

    async def _effect_async(self, step: str) -> str:
        await asyncio.sleep(0)
        return self._effect(step)

    def run(self, *, on_a_loop: bool) -> Any:
        """Begins the execution, or goes on with the one that the store has."""
        waiting = [info for info in self._store.list() if info.state != "finished"]
        if not waiting:
            if self._store.list():
                return None
            if on_a_loop:
                return asyncio.run(self._codemode.run_async(PROGRAM, durable=True))
            return self._codemode.run(PROGRAM, durable=True)
        checkpoint = self._codemode.load_checkpoint(waiting[0].execution_id)
        answers = {call.call_id: self._answer(call) for call in checkpoint.pending}
        if on_a_loop:
            return asyncio.run(self._codemode.resume_async(checkpoint, answers))
        return self._codemode.resume(checkpoint, answers)

    def _answer(self, call: PendingCall) -> Answer:
        if call.state == "asked":
            return Approve()
        step = call.arguments["step"]
        return Return(f"{step} done") if step in self._place.did() else Retry()


def _main(url: str, api_key: str, place: Place, moment: int | None, on_a_loop: bool) -> None:
    result = Application(url, api_key, place, moment).run(on_a_loop=on_a_loop)
    if result is not None and result.outcome == "suspended":
        os._exit(SUSPENDED)
    if result is not None and not result.success:
        print(result, file=sys.stderr)
        os._exit(FAILED)
    if result is not None:
        place.result.write_text(json.dumps(result.value))
    os._exit(0)


_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["codemode._codemode", __name__])


def live(url: str, api_key: str, place: Place, *, moment: int | None = None, on_a_loop: bool = False) -> int:
    """One life of the application: to its end, or to its death at the moment. Returns its exit status."""
    process = _context.Process(target=_main, args=(url, api_key, place, moment, on_a_loop))
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError("the application hung")
    return process.exitcode
