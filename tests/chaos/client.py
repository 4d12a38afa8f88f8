"""A client process: runs programs one after the other in several threads and tasks, and says what became of each.

    python -m tests.chaos.client URL LEDGER --name NAME --seed N [--store FILE]

With a store every execution is durable, and what an earlier process of the same name left running is resumed first: a
call of which nobody knows what became is looked up in the ledger, as an application would. It stops when its standard
input is closed. Each line of output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

from codemode import ComponentRegistry, ExecutorClient, Fail, Retry, Return, get_current_context
from codemode.checkpoints import SqliteStore
from tests.python.service.executors import KEY

from . import programs
from .ledger import Ledger

THREADS = 4
TASKS = 4
TOOLS = ("record", "record_async", "refuse")
TIMEOUT = 120.0  # seconds for one execution, all attempts together
ATTEMPTS = 10_000  # the deadline is the limit
CHECKPOINT_KEY = b"chaos-checkpoint-key-of-32-bytes"


class Chaos:
    """The application: a ledger, tools that write to it, and a client of the fleet."""

    def __init__(self, url: str, ledger: Ledger, name: str, seed: int, store: Path | None) -> None:
        self.ledger, self.name = ledger, name
        self._chance = random.Random(seed)
        self._count = 0
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        registry = ComponentRegistry()
        registry.register_tool("record", self._record)
        registry.register_tool("record_async", self._record_async)
        registry.register_tool("refuse", self._refuse)
        # Not its number: of two lives of a client ten minutes apart, both may have the same.
        self._life = secrets.token_hex(6)
        self.store = SqliteStore(store) if store is not None else None
        self.client = ExecutorClient(
            url,
            KEY,
            timeout=TIMEOUT,
            retry_max_attempts=ATTEMPTS,
            retry_backoff_base_ms=20,
            retry_backoff_max_ms=500,
            registry=registry,
            checkpoints=self.store,
            checkpoint_key=CHECKPOINT_KEY if store is not None else None,
        )

    # === tools ===

    def _effect(self, run: str, step: str, amount: int) -> None:
        context = get_current_context()
        key = str(context.metadata.get("idempotency_key")) if context is not None else ""
        self.ledger.write(run, step, amount, key, os.getpid())

    def _record(self, run: str, step: str, amount: int) -> int:
        time.sleep(random.uniform(0, 0.004))
        self._effect(run, step, amount)
        # Where an end of the process is most unpleasant: the effect is there, and nobody was told.
        time.sleep(random.uniform(0, 0.004))
        return amount

    async def _record_async(self, run: str, step: str, amount: int) -> int:
        await asyncio.sleep(random.uniform(0, 0.004))
        self._effect(run, step, amount)
        await asyncio.sleep(random.uniform(0, 0.004))
        return amount

    def _refuse(self, run: str, step: str) -> int:
        self._effect(run, step, 0)
        raise ValueError("refused, as agreed")

    # === executions ===

    def _next(self) -> tuple[str, str, str, dict[str, Any]]:
        with self._lock:
            self._count += 1
            run = f"{self.name}-{self._life}-{self._count}"
            return run, *programs.some(self._chance, run)

    def say(self, **what: Any) -> None:
        with self._lock:
            print(json.dumps(what), flush=True)

    def _ended(self, run: str, program: str, began: float, result: Any, error: BaseException | None) -> None:
        common = {
            "event": "ended",
            "run": run,
            "program": program,
            "ms": round((time.perf_counter() - began) * 1000, 2),
        }
        if result is None:
            self.say(**common, outcome="error", error=f"{type(error).__name__}: {error}")
            return
        self.say(
            **common,
            outcome=result.outcome,
            error=result.error,
            attempts=result.attempts,
            replayed=result.replayed_calls,
            steps=result.value if result.success else None,
        )

    def one(self) -> None:
        """One execution, in this thread."""
        run, program, code, config = self._next()
        self.say(event="started", run=run, program=program)
        began = time.perf_counter()
        result = error = None
        try:
            result = self.client.execute(code, list(TOOLS), config, durable=self.store is not None)
        except Exception as raised:
            error = raised
        self._ended(run, program, began, result, error)

    async def one_async(self) -> None:
        """One execution, in this task."""
        run, program, code, config = self._next()
        self.say(event="started", run=run, program=program)
        began = time.perf_counter()
        result = error = None
        try:
            result = await self.client.execute_async(code, list(TOOLS), config, durable=self.store is not None)
        except Exception as raised:
            error = raised
        self._ended(run, program, began, result, error)

    def resume(self) -> None:
        """What the process before left running."""
        assert self.store is not None
        for info in self.store.list("running"):
            began = time.perf_counter()
            checkpoint = self.client.load_checkpoint(info.execution_id)
            run = checkpoint.config["run"]
            result = error = None
            try:
                answers = {call.call_id: self._answer(call) for call in checkpoint.pending}
                self.say(event="resumed", run=run, uncertain=len(answers))
                result = self.client.resume(checkpoint, results=answers)
            except Exception as raised:
                error = raised
            self._ended(run, "resumed", began, result, error)

    def _answer(self, call: Any) -> Any:
        """What became of a call: the ledger knows."""
        if not self.ledger.has(call.arguments["run"], call.arguments["step"]):
            return Retry()
        if call.tool == "refuse":
            return Fail(ValueError("refused, as agreed"))
        return Return(call.arguments["amount"])

    def run(self) -> None:
        if self.store is not None:
            self.resume()
            self.say(event="caught up")
        threads = [threading.Thread(target=self._repeat) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        asyncio.run(self._tasks())
        for thread in threads:
            thread.join()
        self.client.close()
        self.say(event="stopped")

    def _repeat(self) -> None:
        while not self.stopping.is_set():
            self.one()

    async def _tasks(self) -> None:
        async def repeat() -> None:
            while not self.stopping.is_set():
                await self.one_async()

        await asyncio.gather(*(repeat() for _ in range(TASKS)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    chaos = Chaos(arguments.url, Ledger(arguments.ledger), arguments.name, arguments.seed, arguments.store)

    def watch() -> None:
        sys.stdin.read()
        chaos.stopping.set()

    threading.Thread(target=watch, daemon=True).start()
    chaos.run()


if __name__ == "__main__":
    main()
