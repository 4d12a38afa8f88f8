"""Programs through the balancer: they run, they spread, and nothing of one client reaches another or a log."""

from __future__ import annotations

import asyncio
import threading

import grpc
import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClientError

from ..python.service.contract import Client
from ..python.service.executors import KEY, wait_for
from .fleet import Fleet, Gate


def test_program_with_tool_calls_runs_through_the_balancer(fleet: Fleet) -> None:
    registry = ComponentRegistry()
    registry.register_tool("double", lambda n: 2 * n)

    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return n + 1

    registry.register_tool("later", later)
    with Codemode(registry=registry, executor_client=fleet.client()) as codemode:
        assert codemode.execute("result = [tools.double(n) for n in range(20)]") == str(list(range(0, 40, 2))).replace(
            " ", ""
        )
        program = (
            "import asyncio\n"
            "result = await asyncio.gather(*(tools['later'].run_async(n=n) for n in range(20)))\n"
            "print('done', flush=True)"
        )
        result = asyncio.run(codemode.run_async(program))
        assert (result.value, result.stdout) == (list(range(1, 21)), "done\n")


def test_value_of_many_windows_crosses_in_both_directions(fleet: Fleet) -> None:
    registry = ComponentRegistry()
    big = "x" * (8 * 2**20)
    registry.register_tool("echo", lambda text: text)
    with Codemode(registry=registry, executor_client=fleet.client()) as codemode:
        assert codemode.run("result = len(tools.echo('x' * (8 * 2**20)))").value == len(big)
        assert codemode.run("result = 'x' * (8 * 2**20)").value == big


def test_executions_that_do_not_read_do_not_hold_up_others_of_their_connection(fleet: Fleet) -> None:
    """Each has more under way than a stream's window: what is not read stays with its own stream."""
    registry = ComponentRegistry()
    reading = threading.Event()
    called = threading.Semaphore(0)

    def slow() -> str:
        called.release()
        assert reading.wait(60)
        return "x" * 2**20

    registry.register_tool("slow", slow)
    with Codemode(registry=registry, executor_client=fleet.client()) as codemode:

        async def all_of_them() -> list[object]:
            program = "import time\nresult = len(tools.slow()); time.sleep(0.2)"
            held = [asyncio.create_task(codemode.run_async(program)) for _ in range(8)]
            for _ in held:
                assert await asyncio.to_thread(called.acquire, timeout=30)
            assert (await codemode.run_async("result = 'quick'")).value == "quick"
            reading.set()
            return [(await task).value for task in held]

        assert asyncio.run(all_of_them()) == [2**20] * 8


def test_executions_spread_over_all_executors(fleet: Fleet) -> None:
    with Gate(fleet.client()) as gate:
        running = gate.hold(30)
        in_use = fleet.in_use()
        gate.open()
        assert sorted(int(future.result(30)) for future in running) == list(range(30))
    assert sum(in_use.values()) == 30, in_use
    # Of two drawn by chance, which may be the same, the one with fewer: three executors stay close to ten each. Of a
    # million times, the least busy has fewer than six 200 times, and fewer than four twice.
    assert min(in_use.values()) >= 4, (in_use, fleet.balancer.hosts())


def test_key_that_is_wrong_is_refused_by_the_executor_and_puts_none_out(fleet: Fleet) -> None:
    from codemode import ExecutorClient

    wrong = ExecutorClient(fleet.balancer.url, "f" * 32)
    for _ in range(12):
        with pytest.raises(ExecutorClientError, match="the API key is missing or wrong"):
            wrong.execute("1", [], {})
    wrong.close()
    assert len(fleet.balancer.healthy()) == 3


def test_client_that_sends_garbage_puts_no_executor_out(fleet: Fleet) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{fleet.balancer.port}") as channel:
        execute = channel.stream_stream("/codemode.v1.Executor/Execute")
        codes = set()
        for _ in range(30):
            call = execute(iter([b"\xff" * 20]), metadata=[("authorization", f"Bearer {KEY}")], timeout=10)
            with pytest.raises(grpc.RpcError):
                list(call)
            codes.add(call.code())
    assert codes == {grpc.StatusCode.INVALID_ARGUMENT}
    # Outliers are put out at once, not at the next interval.
    assert len(fleet.balancer.healthy()) == 3


def test_nothing_but_executions_and_health_is_routed(fleet: Fleet) -> None:
    target = f"127.0.0.1:{fleet.balancer.port}"
    with grpc.insecure_channel(target) as channel:
        for method in ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/other.Service/Method"):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(method)(b"", timeout=5)
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        ready = channel.unary_unary("/grpc.health.v1.Health/Check")(b"\n\x14codemode.v1.Executor", timeout=5)
    assert ready == b"\x08\x01"
    assert Client(target, KEY).info().pool.capacity > 0


def test_access_log_names_the_execution_and_no_key(fleet: Fleet) -> None:
    client = fleet.client()
    client.execute("result = 'secret-program-text'", [], {}, correlation_id="cm-of-the-log")
    client.close()

    def logged() -> list[dict[str, object]]:
        return [entry for entry in fleet.balancer.access_log() if entry["correlation_id"] == "cm-of-the-log"]

    wait_for(lambda: bool(logged()), 10, "the execution is in the access log")
    (entry,) = logged()
    assert (entry["method"], entry["status"]) == ("/codemode.v1.Executor/Execute", "OK")
    assert entry["executor"] in fleet.executors
    everything = str(fleet.balancer.access_log()) + fleet.balancer.admin("config_dump") + fleet.balancer.errors()
    assert KEY not in everything
    assert "secret-program-text" not in everything
