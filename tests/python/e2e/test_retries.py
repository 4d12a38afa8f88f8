"""Executors that die in the middle: what is run again on the next one, and what is not. The processes are real."""

from __future__ import annotations

import asyncio
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from codemode import (
    Codemode,
    ComponentRegistry,
    ExecutorClient,
    ExecutorConnectionError,
    Journal,
    get_current_context,
)
from tests.python.service.executors import KEY, Executor, free_port, wait_for


def _client(address: str, **options: Any) -> ExecutorClient:
    options = {"retry_max_attempts": 8, "retry_backoff_base_ms": 200, **options}
    return ExecutorClient(f"http://{address}", KEY, **options)


def _serve(address: str) -> Executor:
    return Executor("--listen", address, "--idle-workers", "1", target=address)


def _kill(executor: Executor) -> None:
    executor.process.kill()
    executor.process.wait(10)
    executor.close_log()


def test_a_program_without_tool_calls_goes_on_at_the_next_executor() -> None:
    address = f"127.0.0.1:{free_port()}"
    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, _client(address) as client:
        assert client.execute("1", [], {}).value == 1
        # A worker that runs a program has left the pool: another one takes its place.
        idle = first.workers()
        running = pool.submit(client.execute, "import time; time.sleep(3); result = 'done'", [], {})
        wait_for(lambda: bool(first.workers() - idle), 10, "the program has a worker")
        _kill(first)
        second = _serve(address)
        try:
            result = running.result(30)
            assert result.value == "done"
            # Before the attempt that finished, an executor had to start.
            assert (result.duration_ms or 0) - result.usage.wall_time * 1000 > 100
        finally:
            second.stop()


SEQUENTIAL = """
a = tools.pay(1)
b = tools.pay(2)
result = [a, b, tools.pay(3)]
"""
GATHERED = """
import asyncio
result = await asyncio.gather(*(tools["pay"].run_async(n) for n in (1, 2, 3)))
"""
THREADED = """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(3) as pool:
    result = list(pool.map(tools.pay, (1, 2, 3)))
"""


@pytest.mark.parametrize("is_async", [False, True], ids=["sync-tool", "async-tool"])
@pytest.mark.parametrize("in_flight", [False, True], ids=["between-calls", "in-flight"])
@pytest.mark.parametrize("program", [SEQUENTIAL, GATHERED, THREADED], ids=["sequential", "gathered", "threaded"])
def test_a_program_that_called_tools_goes_on_and_no_tool_is_called_twice(
    program: str, in_flight: bool, is_async: bool
) -> None:
    address = f"127.0.0.1:{free_port()}"
    calls: list[int] = []
    keys: set[str] = set()
    killed, reached = threading.Event(), threading.Event()

    def begin(n: int) -> None:
        calls.append(n)
        keys.add(get_current_context().metadata["idempotency_key"])  # type: ignore[union-attr]
        # In flight: while the second runs. Between: when it has returned, and the third has not.
        if n == 2:
            reached.set()

    def pay(n: int) -> int:
        begin(n)
        if n == (2 if in_flight else 3):
            assert killed.wait(30)
        return n * 10

    async def pay_async(n: int) -> int:
        begin(n)
        while n == (2 if in_flight else 3) and not killed.is_set():
            await asyncio.sleep(0.01)
        return n * 10

    registry = ComponentRegistry()
    registry.register_tool("pay", pay_async if is_async else pay)
    if is_async:
        program = program.replace("tools.pay(1)", "await tools.pay(1)").replace("tools.pay(2)", "await tools.pay(2)")
        program = program.replace("tools.pay(3)", "await tools.pay(3)")
        program = program.replace("tools.pay, (", "lambda n: __import__('asyncio').run(tools.pay(n)), (")
    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, Codemode(registry=registry, executor_client=_client(address)) as codemode:
        running = pool.submit(codemode.run, program)
        assert reached.wait(30)
        # Threads may make the second call first.
        wait_for(lambda: len(calls) >= 2 if in_flight else 3 in calls, 30, "another call has begun")
        _kill(first)
        killed.set()
        second = _serve(address)
        try:
            result = running.result(30)
        finally:
            second.stop()
    assert (result.error, result.value) == (None, [10, 20, 30])
    assert sorted(calls) == [1, 2, 3]
    assert keys == {f"{result.execution_id}:{number}" for number in (1, 2, 3)}
    assert result.attempts > 1 and 2 <= result.replayed_calls <= 3
    assert [(call.name, call.status) for call in result.tool_calls] == [("pay", "success")] * 3
    assert result.journal is not None and len(result.journal) == 3


def test_what_a_program_draws_and_reads_from_the_clock_is_the_same_when_it_is_run_again() -> None:
    address = f"127.0.0.1:{free_port()}"
    program = """
import random, time, uuid, os
tools.note(text=str((random.random(), uuid.uuid4(), os.urandom(4), time.time(), time.monotonic())))
tools.note(text=str((random.random(), time.time())))
result = tools.wait()
"""
    notes: list[str] = []
    waiting, killed = threading.Event(), threading.Event()

    def note(text: str) -> None:
        notes.append(text)

    def wait() -> str:
        waiting.set()
        assert killed.wait(30)
        return "done"

    registry = ComponentRegistry()
    registry.register_tool("note", note)
    registry.register_tool("wait", wait)
    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, Codemode(registry=registry, executor_client=_client(address)) as codemode:
        running = pool.submit(codemode.run, program)
        assert waiting.wait(30)
        _kill(first)
        killed.set()
        second = _serve(address)
        try:
            result = running.result(30)
        finally:
            second.stop()
    assert (result.error, result.value, len(notes)) == (None, "done", 2)


def test_output_that_was_passed_on_is_not_written_twice() -> None:
    address = f"127.0.0.1:{free_port()}"
    written: list[str] = []
    seen = threading.Event()

    def write(_: str, text: str) -> None:
        written.append(text)
        seen.set()

    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, _client(address) as client:
        program = "print('once', flush=True); import time; time.sleep(1); print('twice')"
        running = pool.submit(lambda: client.execute(program, [], {}, on_output=write))
        assert seen.wait(20)
        _kill(first)
        second = _serve(address)
        try:
            result = running.result(30)
        finally:
            second.stop()
    assert (result.stdout, "".join(written)) == ("once\ntwice\n", "once\ntwice\n")


def test_an_execution_whose_executor_does_not_come_back_keeps_its_journal() -> None:
    address = f"127.0.0.1:{free_port()}"
    called = threading.Event()
    registry = ComponentRegistry()
    registry.register_tool("pay", lambda amount: called.set())
    first = _serve(address)
    client = _client(address, retry_max_attempts=2)
    with ThreadPoolExecutor(1) as pool, Codemode(registry=registry, executor_client=client) as codemode:
        running = pool.submit(codemode.run, "tools.pay(5); import time; time.sleep(20)")
        assert called.wait(20)
        _kill(first)
        with pytest.raises(
            ExecutorConnectionError,
            match=r"^lost the executor at `http://[\d.:]+` during an execution that had made "
            r"1 tool call \(2 attempts\): ",
        ) as raised:
            running.result(30)
    journal = raised.value.journal
    assert journal is not None
    assert [(call.tool, call.arguments, call.value) for call in journal.calls] == [("pay", {"amount": 5}, None)]
    assert Journal.from_json(journal.to_json()) == pickle.loads(pickle.dumps(journal)) == journal


@pytest.mark.parametrize(
    ("options", "attempts"),
    [
        ({"retry_max_attempts": 3}, "3 attempts"),
        ({"retry_enabled": False}, "1 attempt"),
        ({"retry_max_attempts": 3, "retry_status_codes": ["RESOURCE_EXHAUSTED"]}, "1 attempt"),
    ],
)
def test_attempts_are_counted_and_bounded(options: dict[str, Any], attempts: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    with (
        _client(address, **{"retry_backoff_base_ms": 1, **options}) as client,
        pytest.raises(ExecutorConnectionError, match=rf"^failed to reach the executor at .* \({attempts}\): "),
    ):
        client.execute("1", [], {})


def test_the_status_codes_of_grpcio_are_taken() -> None:
    import grpc

    _client("127.0.0.1:1", retry_status_codes=[grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED]).close()
