"""The runtime context of concurrent requests, through a real executor: no tool sees another request's."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from codemode import Codemode, RuntimeContext, get_current_context
from codemode.tools import ContextAwareTool, ToolContextRequirements

PROGRAM = """
import asyncio
seen = [tools['aware'].run(), tools.plain(), tools.by_parameter(), tools.in_thread()]
seen += await asyncio.gather(tools.coroutine(), tools.coroutine_in_thread(), tools.plain.run_async())
result = seen
"""


def tenant_of(context: RuntimeContext | None) -> str:
    return str(context.require("tenant")) if context is not None else "none"


@pytest.fixture
def codemode(local_codemode: Codemode) -> Codemode:
    registry = local_codemode.registry

    class Aware(ContextAwareTool):
        context_requirements = ToolContextRequirements(requires_context=True, required_keys=["tenant"])

        def run_with_context(self, context: RuntimeContext) -> str:  # type: ignore[override]
            return tenant_of(context)

    def plain() -> str:
        assert get_current_context() is registry.get_context()
        return tenant_of(get_current_context())

    def by_parameter(context: RuntimeContext) -> str:
        return tenant_of(context)

    def in_thread() -> str:
        # A thread of its own begins without a context; what is read before is what it is given.
        mine, seen = registry.get_context(), []
        thread = threading.Thread(target=lambda: seen.append(registry.get_context()))
        thread.start()
        thread.join(20)
        assert seen == [None]
        return tenant_of(mine)

    async def coroutine() -> str:
        before = tenant_of(registry.get_context())
        await asyncio.sleep(0)
        assert tenant_of(get_current_context()) == before
        return before

    async def coroutine_in_thread() -> str:
        return await asyncio.to_thread(plain)

    registry.register_tool("aware", Aware())
    for tool in (plain, by_parameter, in_thread, coroutine, coroutine_in_thread):
        registry.register_tool(tool.__name__, tool)
    return local_codemode


def test_tasks(codemode: Codemode) -> None:
    async def request(n: int, started: asyncio.Semaphore, gate: asyncio.Event) -> Any:
        codemode.with_context(tenant=f"t{n}")
        started.release()
        await gate.wait()
        result = await codemode.run_async(PROGRAM)
        assert tenant_of(codemode.registry.get_context()) == f"t{n}"
        return result.value if result.success else result.error

    async def main() -> list[Any]:
        started, count = asyncio.Semaphore(0), 200
        running = asyncio.Semaphore(8)  # more would only wait in the executor's queue

        async def bounded(n: int) -> Any:
            task = asyncio.create_task(request(n, started, gates[n]))
            async with running:
                gates[n].set()
                return await task

        gates = [asyncio.Event() for _ in range(count)]
        tasks = [asyncio.create_task(bounded(n)) for n in range(count)]
        for _ in tasks:
            await asyncio.wait_for(started.acquire(), 25)
        assert codemode.registry.get_context() is None
        return await asyncio.gather(*tasks)

    values = asyncio.run(main())
    assert values == [[f"t{n}"] * 7 for n in range(200)]


def test_threads(codemode: Codemode) -> None:
    workers, each = 8, 15
    together = threading.Barrier(workers)

    def requests(worker: int) -> list[Any]:
        values = []
        together.wait(20)
        for n in range(each):
            codemode.with_context(tenant=f"t{worker}.{n}")
            result = codemode.run(PROGRAM)
            values.append(result.value if result.success else result.error)
        return values

    with ThreadPoolExecutor(workers) as pool:
        values = list(pool.map(requests, range(workers)))
    assert values == [[[f"t{worker}.{n}"] * 7 for n in range(each)] for worker in range(workers)]
    assert codemode.registry.get_context() is None


def test_what_a_tool_sets_stays_in_its_call(codemode: Codemode) -> None:
    def set_other() -> str:
        codemode.registry.set_context(RuntimeContext({"tenant": "other"}))
        return tenant_of(codemode.registry.get_context())

    async def set_other_async() -> str:
        return set_other()

    codemode.registry.register_tool("set_other", set_other)
    codemode.registry.register_tool("set_other_async", set_other_async)
    codemode.with_context(tenant="acme")
    program = "result = [tools.set_other(), await tools.set_other_async(), tools.plain(), await tools.coroutine()]"
    assert codemode.run(program).value == ["other", "other", "acme", "acme"]
    assert tenant_of(codemode.registry.get_context()) == "acme"


def test_a_missing_requirement_is_the_programs_to_catch(codemode: Codemode) -> None:
    program = "try:\n    tools.aware()\nexcept ValueError as error:\n    result = error.message"
    codemode.with_context(user="s3cret")
    assert codemode.run(program).value == "the tool requires the context variable tenant; the context has: user"
