"""The subject `pydantic-monty`: an interpreter of its own for a subset of Python, in a pool of worker processes.

One checkout for each execution, so that no state is shared, as with the others.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from importlib.metadata import version
from typing import Any

from clients import tasks
from driver import Samples, Subject, expect, serve, timed

SUM = "2 + 2"
CALLS = """
import time
begin = time.perf_counter()
for i in range({count}):
    add(i, 1)
(time.perf_counter() - begin) / {count}
"""
PARALLEL = """
import asyncio
len(await asyncio.gather(*[nap({seconds}) for _ in range({count})]))
"""


def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


async def nap(seconds: float) -> float:
    """Sleeps."""
    await asyncio.sleep(seconds)
    return seconds


class Monty(Subject):
    """A sync and, for async tools and many clients, an async pool, both with the default sizes."""

    def open(self) -> Samples:
        self._monty: Any = import_module("pydantic_monty")
        self.version = version("pydantic-monty")
        begin = time.perf_counter()
        self._pool = self._monty.Monty().__enter__()
        expect(self._run(SUM), 4)
        return [time.perf_counter() - begin]

    def _run(self, code: str, **options: Any) -> Any:
        # The default of 1,000 suspensions is below 1,000 calls with their name look-up.
        with self._pool.checkout(limits={"max_suspensions": 10_000}) as session:
            return session.feed_run(code, **options)

    def warm(self, count: int, pause: float) -> Samples:
        return timed(count, lambda: expect(self._run(SUM), 4), pause)

    def tool_call(self, count: int) -> Samples:
        return [float(self._run(CALLS.format(count=count), external_lookup={"add": add}))]

    def parallel(self, count: int, seconds: float) -> Samples:
        async def measure() -> Samples:
            async with self._monty.AsyncMonty() as pool:
                await self._run_async(pool, SUM)  # the pool's start is not what this row measures
                begin = time.perf_counter()
                program = PARALLEL.format(count=count, seconds=seconds)
                expect(await self._run_async(pool, program, external_lookup={"nap": nap}), count)
                return [time.perf_counter() - begin]

        return asyncio.run(measure())

    def throughput(self, clients: int, seconds: float) -> Samples:
        async def measure() -> Samples:
            async with self._monty.AsyncMonty() as pool:
                await self._run_async(pool, SUM)
                return [await tasks(clients, seconds, lambda: self._run_async(pool, SUM))]

        return asyncio.run(measure())

    async def _run_async(self, pool: Any, code: str, **options: Any) -> Any:
        async with pool.checkout() as session:
            return await session.feed_run(code, **options)

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "workers_depth": 1}

    def close(self) -> None:
        self._pool.__exit__(None, None, None)


if __name__ == "__main__":
    serve(Monty())
