"""Runs the mix against one executor and reads what it and the client hold, before, while and after."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from codemode import Codemode, ComponentRegistry, ExecutorClient
from tests.python.service import half_spoken
from tests.python.service.contract import start
from tests.python.service.executors import KEY, Executor

from . import gauges
from .programs import Kind, Way

TOOLS_AT_ONCE: Final = 4
"""Sync tools that one program of the mix calls at once, at most."""

SETTLE_TIME: Final = 30.0
"""Seconds that an executor may take to be as it was: a retired zygote winds down, threads without work end after 10."""


def registry() -> ComponentRegistry:
    tools = ComponentRegistry()

    async def echo_async(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    async def hold() -> None:
        await asyncio.sleep(60)

    def fails() -> None:
        raise LookupError("as it should")

    def pause() -> None:
        time.sleep(0.5)

    tools.register_tool("echo", lambda value: value)
    for tool in (echo_async, hold, fails, pause):
        tools.register_tool(tool.__name__, tool)
    return tools


class Soak:
    """The clients of one executor: threads of this process that share one connection."""

    def __init__(self, executor: Executor, idle_workers: int, temporary: Path, threads: int = 8) -> None:
        self._executor = executor
        self._idle_workers = idle_workers
        self._temporary = temporary
        self._threads = threads
        self._registry = registry()
        self._client = self._connect()
        self._lock = threading.Lock()
        self.ends: Counter[tuple[str, str]] = Counter()
        """By kind, how it ended."""
        self.unexpected: list[str] = []
        self.done = 0

    def _connect(self) -> Codemode:
        client = ExecutorClient(f"http://{self._executor.target}", KEY, timeout=60)
        return Codemode(executor_client=client, registry=self._registry)

    def close(self) -> None:
        self._client.close()

    # === executions ===

    def fill_threads(self) -> None:
        """Runs as many sync tools at once as ever will be: each has a thread, which stays, with what it allocated."""
        together = f"import asyncio\nawait asyncio.gather(*[tools.pause.run_async() for _ in range({TOOLS_AT_ONCE})])"
        workers = [threading.Thread(target=self._client.run, args=(together,)) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def run(self, kinds: Sequence[Kind], progress: Callable[[], None], *, interval: float, until: float) -> None:
        """Runs them all, or as many as there is time for."""
        queue = iter(kinds)

        def work() -> None:
            while time.monotonic() < until:
                with self._lock:
                    kind = next(queue, None)
                if kind is None:
                    return
                self._one(kind)

        workers = [threading.Thread(target=work) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        due = time.monotonic() + interval
        for worker in workers:
            while worker.is_alive():
                worker.join(max(0, due - time.monotonic()))
                if time.monotonic() >= due:
                    progress()
                    due += interval

    def _one(self, kind: Kind) -> None:
        try:
            end, value = self._end(kind)
        except Exception as error:
            end, value = f"{type(error).__name__}: {error}", None
        expected = kind.ends or {"unheard"}
        with self._lock:
            self.done += 1
            self.ends[kind.name, end] += 1
            if end not in expected or (kind.value is not None and value != kind.value):
                self.unexpected.append(f"{kind.name}: {end} {value!r:.80}; expected {' | '.join(sorted(expected))}")

    def _end(self, kind: Kind) -> tuple[str, object]:
        if kind.way is Way.PLAIN:
            return self._ended(self._client, kind)
        if kind.way is Way.OWN_CLIENT:
            with self._connect() as client:
                return self._ended(client, kind)
        if kind.way is Way.CANCEL:
            asyncio.run(self._cancelled(kind))
        else:
            self._left(kind)
        return "unheard", None

    def _ended(self, client: Codemode, kind: Kind) -> tuple[str, object]:
        limits: Any = kind.limits or None
        result = client.run(kind.program, kind.wall_time, limits=limits)
        detail = result.limit or (result.error_details.error_type if result.error_details else "")
        return f"{result.outcome} {detail}".strip(), result.value

    async def _cancelled(self, kind: Kind) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._client.run_async(kind.program), 0.1)
            raise AssertionError("it ended")

    def _left(self, kind: Kind) -> None:
        """By a peer without a library, that goes as soon as the program is accepted."""
        host, _, port = self._executor.target.rpartition(":")
        said = half_spoken.begun(KEY, start(kind.program, ["hold"]))
        with half_spoken.connect((host, int(port)), said) as peer:
            half_spoken.hear(peer)
            if kind.way is Way.RESET:
                peer.sendall(half_spoken.RESET)

    # === readings ===

    def read(self) -> tuple[gauges.Readings, gauges.Readings]:
        """Of the executor and of this process."""
        return gauges.executor(self._executor.process.pid, self._temporary), gauges.client(os.getpid())

    def settled(self, is_settled: Callable[[gauges.Readings, gauges.Readings], bool]) -> tuple[gauges.Readings, ...]:
        """Waits until nothing runs, the pool is full and `is_settled`; past the time it returns what there is."""
        gc.collect()
        deadline = time.monotonic() + SETTLE_TIME
        for _ in itertools.count():
            executor, client = self.read()
            full = executor["workers"] == self._idle_workers and executor["zygotes"] == 1
            if (full and is_settled(executor, client)) or time.monotonic() > deadline:
                return executor, client
            time.sleep(0.25)
        raise AssertionError("counting does not end")

    def places(self) -> dict[str, int]:
        """What the executor itself says of its pool; asked last, by a client of its own."""
        client = self._executor.client()
        pool = client.info().pool
        client.close()
        return {"in use": pool.in_use, "queued": pool.queued}
