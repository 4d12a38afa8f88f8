"""Executors and balancers that leave, in order and without it, while clients go on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from codemode import Codemode, ComponentRegistry, ExecutorClient

from ..python.service.executors import wait_for
from .fleet import DRAIN_DELAY, Fleet, Gate, Stream, running_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with running_fleet(tmp_path) as fleet:
        yield fleet


def _adding(client: ExecutorClient) -> tuple[Codemode, Stream]:
    registry = ComponentRegistry()
    registry.register_tool("same", lambda number: number)
    codemode = Codemode(registry=registry, executor_client=client)
    return codemode, Stream(lambda number: codemode.run(f"result = tools.same({number})").value)


def test_executor_that_drains_finishes_what_runs_and_no_client_notices(fleet: Fleet) -> None:
    # Without retries, so that no failure is hidden by one.
    codemode, stream = _adding(fleet.client(retry_enabled=False))
    with codemode, stream, Gate(fleet.client(retry_enabled=False)) as gate:
        running = gate.hold(12)
        in_use = fleet.in_use()
        leaving, executor = max(fleet.executors.items(), key=lambda item: in_use[item[0]])
        assert in_use[leaving] >= 2
        executor.terminate()
        noticed = fleet.balancer.wait_until_healthy(2, DRAIN_DELAY)
        assert leaving not in fleet.balancer.healthy()
        stream.more(50)
        # What was held there still runs, and the executor waits for it.
        assert executor.process.poll() is None
        gate.open()
        assert sorted(int(future.result(30)) for future in running) == list(range(12))
        assert executor.process.wait(30) == 0
        stream.more(50)
    assert stream.failures == []
    assert noticed < DRAIN_DELAY
    # One that comes at its address is taken back.
    fleet.forget(executor)
    fleet.start(leaving)
    fleet.balancer.wait_until_healthy(3)


def test_rolling_restart_of_all_executors_is_not_noticed(fleet: Fleet) -> None:
    codemode, stream = _adding(fleet.client(retry_enabled=False))
    with codemode, stream:
        for address, executor in list(fleet.executors.items()):
            stream.more(20)
            executor.terminate()
            assert executor.process.wait(30) == 0
            fleet.forget(executor)
            fleet.start(address)
            fleet.balancer.wait_until_healthy(3)
        stream.more(20)
    assert stream.failures == []


def test_executor_that_is_killed_is_put_out_and_clients_go_on(fleet: Fleet) -> None:
    killed, executor = next(iter(fleet.executors.items()))
    # The executions of the stream call no tool: where one was under way on the executor that dies, it is run again.
    # Until Envoy has noticed, one that refuses connections has the fewest executions: an attempt may meet it again.
    client = fleet.client(retry_max_attempts=8)
    stream = Stream(lambda number: client.execute(f"result = {number}", [], {}).value)
    with stream:
        stream.more(20)
        executor.process.kill()
        executor.process.wait(10)
        fleet.forget(executor)
        fleet.balancer.wait_until_healthy(2, 10)
        assert killed not in fleet.balancer.healthy()
        stream.more(100)
        fleet.start(killed)
        fleet.balancer.wait_until_healthy(3)
        stream.more(20)
    client.close()
    assert stream.failures == []


def test_executor_that_hangs_is_put_out_by_the_health_check(fleet: Fleet) -> None:
    """One that is stopped still takes connections: only unanswered probes show it."""
    hanging, executor = next(iter(fleet.executors.items()))
    executor.process.send_signal(signal.SIGSTOP)
    try:
        # Three probes of 2 s, each up to 1.2 s after the one before, and room.
        fleet.balancer.wait_until_healthy(2, 20)
        assert hanging not in fleet.balancer.healthy()
        client = fleet.client(retry_enabled=False)
        for number in range(20):
            assert client.execute(f"result = {number}", [], {}).value == number
        client.close()
    finally:
        executor.process.send_signal(signal.SIGCONT)
    fleet.balancer.wait_until_healthy(3)


def test_balancer_calls_nothing_twice(fleet: Fleet) -> None:
    """A tool of an execution whose executor dies was called once: the proxy does not send requests again."""
    with Gate(fleet.client(retry_enabled=False)) as gate:
        running = gate.hold(6)
        in_use = fleet.in_use()
        address, executor = max(
            ((address, executor) for address, executor in fleet.executors.items()), key=lambda item: in_use[item[0]]
        )
        executor.process.kill()
        executor.process.wait(10)
        fleet.forget(executor)
        wait_for(lambda: sum(future.done() for future in running) == in_use[address], 10, "its executions are over")
        gate.open()
        ended = [future.exception(30) is None for future in running]
    assert ended.count(True) == 6 - in_use[address]
    assert gate.calls == 6
    assert fleet.balancer.counter("cluster.executors.upstream_rq_retry") == 0


def test_clients_connect_again_after_a_restart_of_the_balancer(fleet: Fleet) -> None:
    codemode, _ = _adding(fleet.client())
    with codemode:
        assert codemode.run("result = tools.same(1)").value == 1
        fleet.balancer.kill()
        fleet.balancer.start()
        for number in range(10):
            assert codemode.run(f"result = tools.same({number})").value == number


def test_balancer_that_drains_lets_executions_finish_and_sends_clients_elsewhere(fleet: Fleet) -> None:
    with Gate(fleet.client(retry_enabled=False)) as gate:
        running = gate.hold(6)
        assert fleet.balancer.admin("drain_listeners?graceful&skip_exit", "POST") == "OK\n"
        gate.open()
        assert sorted(int(future.result(30)) for future in running) == list(range(6))
        # What the guide says to wait for.
        wait_for(lambda: fleet.balancer.counter("http.executors.downstream_rq_active") == 0, 10, "nothing runs")
