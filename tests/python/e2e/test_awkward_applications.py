"""What applications do that a library must survive: odd exceptions, odd values, forks, tools that hang, guests."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar

import anyio
import pytest
import trio

from codemode import Codemode, ComponentRegistry, ExecutorClient, ExecutorClientError, ExecutorTimeoutError
from codemode.core.trace import CallTraceCollector

request_id: ContextVar[str] = ContextVar("request_id", default="none")


class TestOutputFunctions:
    @pytest.mark.parametrize("kind", [asyncio.CancelledError, StopIteration, GeneratorExit])
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_an_exception_that_means_something_to_a_task_does_not_hang_it(
        self, local_codemode: Codemode, kind: type[BaseException], backend: str
    ) -> None:
        def refuse(_: str, __: str) -> None:
            raise kind

        async def main() -> None:
            with pytest.raises(RuntimeError, match=f"^on_output raised {kind.__name__}$"):
                await local_codemode.run_async("print(1)", on_output=refuse)
            assert await local_codemode.execute_async("1") == "1"

        anyio.run(main, backend=backend)

    def test_it_runs_with_the_callers_context_variables(self, local_codemode: Codemode) -> None:
        seen: list[str] = []
        local_codemode.registry.register_tool("pause", lambda: time.sleep(0.02))

        def write(_: str, text: str) -> None:
            seen.append(request_id.get())

        async def main() -> None:
            await local_codemode.run_async(program, on_output=write)

        program = "for n in range(3):\n    print(n, flush=True)\n    tools.pause()"
        request_id.set("r-1")
        local_codemode.run(program, on_output=write)
        asyncio.run(main())
        assert set(seen) == {"r-1"}
        assert len(seen) >= 6


def test_a_value_that_answers_to_any_name_is_a_value(local_codemode: Codemode) -> None:
    class Answering(dict[str, int]):
        __getattr__ = dict.__getitem__

    local_codemode.registry.register_tool("pay", lambda: Answering(paid=1))
    assert local_codemode.run("tools.pay()").value == {"paid": 1}


def test_a_program_whose_tools_hang_keeps_no_other_program_waiting(local_codemode: Codemode) -> None:
    release = threading.Event()
    other = Codemode(registry=ComponentRegistry(), executor_client=local_codemode.executor_client)
    other.registry.register_tool("quick", lambda: 1)
    local_codemode.registry.register_tool("hang", lambda: release.wait(30))
    program = (
        "import asyncio\n"
        "calls = [tools.hang.run_async() for _ in range(200)]\n"
        "result = len(await asyncio.gather(*calls, return_exceptions=True))"
    )
    try:
        assert local_codemode.run(program, tool_call_timeout=0.3).value == 200
        assert other.run("tools.quick()", 5).value == 1
    finally:
        release.set()


def test_a_hanging_cleanup_does_not_hold_the_caller_beyond_its_deadline(local_codemode: Codemode) -> None:
    async def stubborn() -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)

    async def main() -> float:
        local_codemode.registry.register_tool("stubborn", stubborn)
        begin = time.monotonic()
        with pytest.raises(ExecutorTimeoutError):
            await local_codemode.executor_client.execute_async(
                "await tools.stubborn()", ["stubborn"], {}, registry=local_codemode.registry, timeout=0.3
            )
        took = time.monotonic() - begin
        release.set()
        await asyncio.sleep(0.2)
        return took

    release = asyncio.Event()
    assert asyncio.run(main()) < 10


def test_a_header_that_is_no_trace_is_no_error(local_codemode: Codemode) -> None:
    local_codemode.with_context(traceparent="00-NONSENSE")
    assert local_codemode.execute("1") == "1"


def test_the_collector_has_the_calls_of_a_request_that_failed_and_none_of_the_probe(executor: Codemode) -> None:
    collector = CallTraceCollector()
    registry = ComponentRegistry()
    local = executor._local
    assert local is not None
    client = ExecutorClient(local.url, local.api_key, registry=registry, trace_collector=collector)
    release = threading.Event()

    def hang() -> None:
        client.close()  # which fails the request
        release.wait(20)

    registry.register_tool("hang", hang)
    try:
        assert client.ready_check()
        with pytest.raises(ExecutorClientError, match="closed"):
            client.execute("tools.hang()", ["hang"], {}, correlation_id="c-1")
    finally:
        release.set()
    assert [(call.name, call.status) for call in collector.drain("c-1")] == [("hang", "error")]
    assert not collector._traces


def test_asyncio_works_while_trio_is_its_guest(local_codemode: Codemode) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        stop = trio.Event()

        async def guest() -> None:
            await stop.wait()

        trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=over.set_result,
            host_uses_signal_set_wakeup_fd=True,
        )
        value = await local_codemode.execute_async("1 + 1")
        stop.set()
        await over
        return value

    assert asyncio.run(main()) == "2"


def _in_child(function: Callable[[], object]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = str(function())
        except BaseException:
            text = traceback.format_exc()
        os.write(write, text.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as reader:
        text = reader.read()
    os.waitpid(child, 0)
    return text


def test_a_forked_child_makes_a_client_of_its_own(executor: Codemode) -> None:
    local = executor._local
    assert local is not None
    assert executor.execute("1") == "1"

    def fresh() -> object:
        registry = ComponentRegistry()
        registry.register_tool("double", lambda n: 2 * n)
        with Codemode(registry=registry, executor_client=ExecutorClient(local.url, local.api_key)) as codemode:
            asynchronous = asyncio.run(codemode.execute_async("tools.double(4)"))
            return codemode.execute("tools.double(21)") + asynchronous + _in_child(lambda: codemode.execute("1"))

    text = _in_child(fresh)
    assert text.startswith("428Traceback")
    assert "RuntimeError: this client was made before the process was forked: make a client in the child" in text
    assert "RuntimeError: this client was made before" in _in_child(lambda: executor.execute("1"))
    assert executor.execute("1") == "1"
