"""The subject `codemode`: an embedded executor, in the jail that it chooses by default."""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import Any

from clients import tasks
from driver import Samples, Subject, expect, serve, timed

SUM = "result = 2 + 2"
CALLS = """
import time
begin = time.perf_counter()
for i in range({count}):
    tools.add(a=i, b=1)
result = (time.perf_counter() - begin) / {count}
"""
PARALLEL = """
import asyncio
result = len(await asyncio.gather(*[tools.nap(seconds={seconds}) for _ in range({count})]))
"""


def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


async def nap(seconds: float) -> float:
    """Sleeps."""
    await asyncio.sleep(seconds)
    return seconds


class Codemode(Subject):
    """One `codemode.Codemode.local()`."""

    def open(self) -> Samples:
        codemode: Any = import_module("codemode")
        self.version = codemode.__version__
        begin = time.perf_counter()
        self._codemode = codemode.Codemode.local()
        expect(self._codemode.execute(SUM), "4")
        first = time.perf_counter() - begin
        self._codemode.registry.register_tool("add", add)
        self._codemode.registry.register_tool("nap", nap)
        return [first]

    def warm(self, count: int, pause: float) -> Samples:
        return timed(count, lambda: expect(self._codemode.execute(SUM), "4"), pause)

    def tool_call(self, count: int) -> Samples:
        return [float(self._codemode.execute(CALLS.format(count=count)))]

    def parallel(self, count: int, seconds: float) -> Samples:
        program = PARALLEL.format(count=count, seconds=seconds)
        return timed(1, lambda: expect(self._codemode.execute(program), str(count)))

    def throughput(self, clients: int, seconds: float) -> Samples:
        return [asyncio.run(tasks(clients, seconds, lambda: self._codemode.execute_async(SUM)))]

    def facts(self) -> dict[str, Any]:
        result = self._codemode.run("import sys\nresult = sys.version.split()[0]")
        return {**super().facts(), "python": result.value, "jail_profile": result.jail_profile, "workers_depth": 3}

    def close(self) -> None:
        self._codemode.close()


if __name__ == "__main__":
    serve(Codemode())
