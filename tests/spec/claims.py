"""What the document says in sentences, proved: labelled paragraphs, prose, and descriptions of parameters.

`CLAIMS` maps a sentence, by its entry and as it is worded, to a check. `PLAIN` has the sentences that only say what an
entry is for, which its signature, returns and examples check. A sentence in neither fails, so a new one is read by a
person.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc  # type: ignore[import-untyped]

from .world import World

Claim = Callable[[World], Any]

_PATIENCE = 20.0  # seconds that a signal between threads or tasks may take
_EXECUTION: dict[str, Any] = {"code": "result = 42", "available_tools": [], "config": {}}


class _Refusing:
    """A gRPC server that answers every call with one status, and knows when it was called."""

    def __init__(self, status: grpc.StatusCode) -> None:
        self.status = status
        self.times: list[float] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        def handler(_details: Any) -> Any:
            return grpc.stream_stream_rpc_method_handler(self._refuse)

        class Service(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
            def service(self, details: Any) -> Any:
                return handler(details)

        server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[Service()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(None).wait()

    def _refuse(self, _requests: Any, context: Any) -> Iterator[bytes]:
        self.times.append(time.monotonic())
        context.abort(self.status, "refused")
        yield b""


def attempts(world: World, status: grpc.StatusCode, **options: Any) -> list[float]:
    from codemode.core.executor_client import ExecutorClientError

    server = _Refusing(status)
    with server.running() as url:
        client = world.client(url, **options)
        with contextlib.suppress(ExecutorClientError):
            client.execute(**_EXECUTION)
            raise AssertionError("the execution succeeded")
    return server.times


def _retries_with_growing_waits(world: World) -> None:
    times = attempts(world, grpc.StatusCode.UNAVAILABLE, retry_max_attempts=4, retry_backoff_base_ms=50)
    assert len(times) == 4
    waits = [after - before for before, after in itertools.pairwise(times)]
    # 50, 100 and 200 ms, of which the jitter takes up to half; a loaded machine only adds to them.
    assert all(wait >= least for wait, least in zip(waits, (0.025, 0.05, 0.1), strict=True)), waits


def _loop_goes_on(world: World) -> None:
    server = _Refusing(grpc.StatusCode.UNAVAILABLE)
    minutes = {"timeout": 600, "retry_backoff_base_ms": 200_000, "retry_backoff_max_ms": 200_000}

    async def retry(url: str) -> None:
        task = asyncio.ensure_future(world.client(url, **minutes).execute_async(**_EXECUTION))
        end = time.monotonic() + _PATIENCE
        while not server.times:
            assert time.monotonic() < end, "nothing was sent"
            await asyncio.sleep(0.01)
        for _ in range(20):  # in its first wait
            await asyncio.sleep(0.01)
        assert not task.done() and len(server.times) == 1
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with server.running() as url:
        asyncio.run(retry(url))


def _core_has_the_three(_world: World) -> None:
    import codemode
    from codemode import core

    for name in ("Codemode", "ExecutorClient", "ComponentRegistry"):
        assert name in core.__all__ and isinstance(getattr(core, name), type)
    assert codemode.Codemode is core.Codemode


def _executions_interleave(world: World) -> None:
    codemode = world.codemode()
    arrived, together = [], asyncio.Event()

    async def meet() -> int:
        arrived.append(1)
        if len(arrived) == 3:
            together.set()
        await asyncio.wait_for(together.wait(), _PATIENCE)
        return len(arrived)

    async def all_three() -> list[str]:
        codemode.registry.register_tool("meet", meet)
        return list(await asyncio.gather(*(codemode.execute_async("result = await tools.meet()") for _ in range(3))))

    assert asyncio.run(all_three()) == ["3", "3", "3"]


def _context_reaches_tools(world: World) -> None:
    codemode = world.codemode()

    def who() -> Any:
        context = codemode.registry.get_context()
        return context.get("client_id") if context is not None else None

    codemode.registry.register_tool("who", who)
    assert codemode.with_context(client_id="acme").execute("result = tools.who()") == '"acme"'
    assert codemode.with_context(client_id="other").with_context(client_id="last").execute("tools.who()") == '"last"'


def _close_ends_the_client(world: World) -> None:
    from codemode.core.executor_client import ExecutorClientError

    codemode = world.codemode()
    assert codemode.execute("1") == "1"
    codemode.close()
    _refused(lambda: codemode.execute("1"), ExecutorClientError)
    _refused(lambda: codemode.executor_client.execute(**_EXECUTION), ExecutorClientError)


def _refused(call: Callable[[], Any], expected: type[Exception]) -> None:
    try:
        call()
    except expected:
        return
    raise AssertionError("the closed client ran a program")


def _close_twice_and_at_once(world: World) -> None:
    client = world.client()
    client.execute(**_EXECUTION)
    barrier = threading.Barrier(8)

    def close() -> None:
        barrier.wait(_PATIENCE)
        client.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(close) for _ in range(8)]:
            future.result(_PATIENCE)
    client.close()


def _close_async_twice_and_at_once(world: World) -> None:
    client = world.client()
    client.execute(**_EXECUTION)

    async def close() -> None:
        await asyncio.gather(*(client.close_async() for _ in range(8)))
        await asyncio.to_thread(client.close)

    asyncio.run(close())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(asyncio.run, client.close_async()) for _ in range(8)]:
            future.result(_PATIENCE)


def _both_context_managers_close(world: World) -> None:
    from codemode.core.executor_client import ExecutorClientError

    with world.client() as client:
        assert client.execute(**_EXECUTION).result == "42"
    _refused(lambda: client.execute(**_EXECUTION), ExecutorClientError)

    async def managed() -> Any:
        async with world.client() as opened:
            assert (await opened.execute_async(**_EXECUTION)).result == "42"
        return opened

    opened = asyncio.run(managed())
    _refused(lambda: opened.execute(**_EXECUTION), ExecutorClientError)


def _other_components(_world: World) -> None:
    from codemode import ComponentRegistry

    registry, component = ComponentRegistry(), object()
    for kind in ("agent", "team", "flow"):
        getattr(registry, f"register_{kind}")("one", component)
        assert getattr(registry, f"get_{kind}")("one") is component


def _empty_registry(_world: World) -> None:
    from codemode import ComponentRegistry

    assert [name for name in ComponentRegistry().tools if not name.startswith("__")] == []


def _isolated_contexts(world: World) -> None:
    from codemode.core.registry import RuntimeContext

    registry = world.registry()
    both = threading.Barrier(2)

    async def task(name: str, mine: asyncio.Event, other: asyncio.Event) -> str | None:
        registry.set_context(RuntimeContext(variables={"name": name}))
        mine.set()
        await asyncio.wait_for(other.wait(), _PATIENCE)
        context = registry.get_context()
        return context.get("name") if context else None

    async def tasks() -> list[str | None]:
        left, right = asyncio.Event(), asyncio.Event()
        found = list(await asyncio.gather(task("left", left, right), task("right", right, left)))
        assert registry.get_context() is None  # the parent sees nothing of its tasks
        return found

    def thread(name: str) -> str | None:
        registry.set_context(RuntimeContext(variables={"name": name}))
        both.wait(_PATIENCE)
        context = registry.get_context()
        return context.get("name") if context else None

    assert asyncio.run(tasks()) == ["left", "right"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(thread, ["left", "right"])) == ["left", "right"]


def _clears_only_its_own(world: World) -> None:
    from codemode.core.registry import RuntimeContext

    registry = world.registry()

    async def clearing() -> None:
        registry.clear_context()
        assert registry.get_context() is None

    async def parent() -> Any:
        registry.set_context(RuntimeContext(variables={"name": "parent"}))
        await asyncio.create_task(clearing())
        await asyncio.to_thread(registry.clear_context)
        return registry.get_context()

    assert asyncio.run(parent()).get("name") == "parent"


def _module_functions(world: World) -> None:
    from codemode.core.registry import RuntimeContext, get_current_context, reset_context

    registry = world.registry()
    reset_context()
    assert get_current_context() is None
    registry.set_context(RuntimeContext(variables={"a": 1}))
    assert get_current_context() is registry.get_context() is not None
    reset_context()
    assert get_current_context() is registry.get_context() is None


def _concurrent_tasks(world: World) -> None:
    client = world.client()

    async def execute(number: int) -> str | None:
        result = await client.execute_async(**{**_EXECUTION, "code": f"result = {number}"})
        return str(result.result)

    async def gather() -> list[str | None]:
        return list(await asyncio.gather(*map(execute, range(20))))

    assert asyncio.run(gather()) == [str(number) for number in range(20)]


def _correlation_id_form(_world: World) -> None:
    from codemode.core.correlation import generate_correlation_id

    for prefix in ("cm", "req", "my-app"):
        before, made, after = time.time(), generate_correlation_id(prefix), time.time()
        found = re.fullmatch(rf"{prefix}-([0-9a-z]+)-([0-9a-z]+)", made)
        assert found is not None, made
        stamp, span = int(found[1], 36), 36 ** len(found[1])
        assert any(moment % span == stamp for moment in range(int(before * 1000) - 1, int(after * 1000) + 2)), made


def _executor_errors_have_one_base(_world: World) -> None:
    from codemode.core import executor_client

    errors = [executor_client.ExecutorConnectionError, executor_client.ExecutorTimeoutError]
    assert all(issubclass(error, executor_client.ExecutorClientError) for error in errors)
    assert issubclass(executor_client.ExecutorClientError, Exception)


_ISOLATED = "This method is thread-safe. Context is isolated per async task using `ContextVar`."

CLAIMS: Mapping[tuple[str, str], Claim] = {
    (
        "Core Module API",
        "The `codemode.core` module provides the primary interfaces for code execution. This includes the main "
        "`Codemode` class, the `ExecutorClient` for gRPC communication, and the `ComponentRegistry` for managing "
        "tools and agents.",
    ): _core_has_the_three,
    ("Codemode.execute_async", "Execute Python code asynchronously."): _executions_interleave,
    (
        "Codemode.with_context",
        "Set runtime context with variables. Supports fluent API chaining.",
    ): _context_reaches_tools,
    ("Codemode.close", "Close resources and the executor client's connection."): _close_ends_the_client,
    (
        "ExecutorClient",
        "Client for communicating with the executor sidecar via gRPC. Provides automatic retry with exponential "
        "backoff and correlation ID support.",
    ): _retries_with_growing_waits,
    (
        "ExecutorClient.execute",
        "Execute code in the executor service with automatic retry.",
    ): _retries_with_growing_waits,
    (
        "ExecutorClient.close",
        "Close the gRPC channel. This method is idempotent and thread-safe.",
    ): _close_twice_and_at_once,
    ("ExecutorClient.execute_async", "Execute code asynchronously with non-blocking retry logic."): _loop_goes_on,
    (
        "ExecutorClient.execute_async",
        "This is the primary async execution method. It uses `asyncio.sleep()` for retries, ensuring the event loop is "
        "not blocked during backoff periods.",
    ): _loop_goes_on,
    (
        "ExecutorClient.execute_async",
        "This method is safe to call concurrently from multiple async tasks.",
    ): _concurrent_tasks,
    (
        "ExecutorClient.close_async",
        "Close the gRPC channel asynchronously. This method is idempotent and thread-safe.",
    ): _close_async_twice_and_at_once,
    (
        "ExecutorClient.Context Managers",
        "ExecutorClient supports both sync and async context managers for automatic resource cleanup:",
    ): _both_context_managers_close,
    (
        "ComponentRegistry",
        "Central registry for managing AI components. Framework-agnostic design supporting tools, agents, teams, "
        "and flows.",
    ): _other_components,
    ("ComponentRegistry()", "Initialize an empty registry."): _empty_registry,
    (
        "ComponentRegistry.Context Management",
        "The registry provides thread-safe context management using Python's `ContextVar`. Context is automatically "
        "isolated per async task.",
    ): _isolated_contexts,
    ("ComponentRegistry.set_context", _ISOLATED): _isolated_contexts,
    (
        "ComponentRegistry.get_context",
        "This method is thread-safe. Returns the context for the current task only.",
    ): _isolated_contexts,
    (
        "ComponentRegistry.clear_context",
        "This method is thread-safe. Only clears context for the current task.",
    ): _clears_only_its_own,
    (
        "ComponentRegistry.Module-Level Context Functions",
        "For direct access outside the registry:",
    ): _module_functions,
    ("generate_correlation_id", "`{prefix}-{base36_timestamp}-{random}`"): _correlation_id_form,
    ("Exceptions.ExecutorClientError", "Base exception for executor client errors."): _executor_errors_have_one_base,
}
"""Where a sentence stands and the sentence → its proof."""

PLAIN = frozenset(
    {
        "The main entry point for the codemode library. Manages configuration, component registry, and executor "
        "communication.",
        "Initialize a Codemode instance.",
        "Create a Codemode instance from ClientConfig. This is the recommended initialization method.",
        "Create a Codemode instance from environment variables.",
        "Create a Codemode instance from a legacy configuration file.",
        "Execute Python code synchronously.",
        "Get Codemode as a CrewAI tool for use with CrewAI agents.",
        "Check if the executor service is healthy.",
        "Check if the executor is ready and can reach the main application.",
        "Check if the executor can reach the main application.",
        "Register a tool with optional schema information.",
        "Get a registered tool by name.",
        "Get dictionary of all registered tools.",
        "Set runtime context for the current async task.",
        "Get runtime context for the current async task.",
        "Clear runtime context for the current async task.",
        "Utilities for generating correlation IDs for request tracing.",
        "Generate a unique correlation ID for request tracing.",
        "Raised when connection to the executor fails.",
        "Raised when the executor request times out.",
        "Raised when a component is not found in the registry.",
        "Raised when attempting to register a component that already exists.",
    }
)
"""Sentences that the other checks of their entry prove."""
