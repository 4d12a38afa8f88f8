"""Executors that die in the middle: what is run again on the next one, and what is not. The processes are real."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient, ExecutorConnectionError
from tests.python.service.executors import KEY, Executor, free_port, wait_for


def _client(address: str, **options: Any) -> ExecutorClient:
    options = {"retry_max_attempts": 8, "retry_backoff_base_ms": 200, **options}
    return ExecutorClient(f"http://{address}", KEY, **options)


def _serve(address: str) -> Executor:
    return Executor("--listen", address, "--idle-workers", "1", target=address)


def _kill(executor: Executor) -> None:
    executor.process.kill()
    executor.process.wait(10)
    assert executor.process.stderr is not None
    executor.process.stderr.close()


def test_a_program_without_tool_calls_goes_on_at_the_next_executor() -> None:
    address = f"127.0.0.1:{free_port()}"
    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, _client(address) as client:
        assert client.execute("1", [], {}).value == 1
        # A worker that runs a program has left the pool: another one takes its place.
        idle = first.workers()
        running = pool.submit(client.execute, "import time; time.sleep(1.5); result = 'done'", [], {})
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


def test_a_program_that_called_a_tool_is_not_run_again_and_the_error_says_so() -> None:
    address = f"127.0.0.1:{free_port()}"
    called = threading.Event()
    calls: list[int] = []

    def pay(amount: int) -> None:
        calls.append(amount)
        called.set()

    registry = ComponentRegistry()
    registry.register_tool("pay", pay)
    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, Codemode(registry=registry, executor_client=_client(address)) as codemode:
        running = pool.submit(codemode.run, "tools.pay(5); import time; time.sleep(20)")
        assert called.wait(20)
        _kill(first)
        second = _serve(address)
        try:
            with pytest.raises(
                ExecutorConnectionError,
                match=r"^lost the executor at `http://[\d.:]+` during an execution that had made 1 tool call; "
                r"the execution was not retried, because its tool calls could repeat: ",
            ) as raised:
                running.result(30)
            assert raised.value.correlation_id is not None
            assert codemode.run("tools.pay(6)").success
        finally:
            second.stop()
    assert calls == [5, 6]


def test_output_that_was_passed_on_is_not_written_twice() -> None:
    address = f"127.0.0.1:{free_port()}"
    written: list[str] = []
    seen = threading.Event()

    def write(_: str, text: str) -> None:
        written.append(text)
        seen.set()

    first = _serve(address)
    with ThreadPoolExecutor(1) as pool, _client(address) as client:
        program = "print('once', flush=True); import time; time.sleep(20)"
        running = pool.submit(lambda: client.execute(program, [], {}, on_output=write))
        assert seen.wait(20)
        _kill(first)
        with pytest.raises(ExecutorConnectionError, match="not retried, because its output had been passed on"):
            running.result(30)
    assert written == ["once\n"]


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
