"""Clients that work at once, for the throughput rows: threads or tasks, each in a loop until the time is over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable


def threads(clients: int, seconds: float, run: Callable[[], object]) -> float:
    """Executions per second of ``clients`` threads. Raises what the first failing client raised."""
    done: list[int] = []
    failures: list[BaseException] = []
    begin = time.perf_counter()

    def client() -> None:
        count = 0
        try:
            while not count or time.perf_counter() - begin < seconds:
                run()
                count += 1
        except BaseException as error:
            failures.append(error)
        done.append(count)

    workers = [threading.Thread(target=client) for _ in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return sum(done) / (time.perf_counter() - begin)


async def tasks(clients: int, seconds: float, run: Callable[[], Awaitable[object]]) -> float:
    """Executions per second of ``clients`` tasks of one event loop."""
    begin = time.perf_counter()

    async def client() -> int:
        count = 0
        while not count or time.perf_counter() - begin < seconds:
            await run()
            count += 1
        return count

    done = await asyncio.gather(*[client() for _ in range(clients)])
    return sum(done) / (time.perf_counter() - begin)
