"""Executors that start, fill, lose their parts, and stop."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from codemode.core.local import find_executable

from .contract import Client, start
from .executors import KEY, Executor, children, running, wait_for


def mostly(attempt: Callable[[], float]) -> float:
    """The median of several, of more where it is not below 100 ms: other work on the machine is not the executor's."""
    took = [attempt() for _ in range(5)]
    if statistics.median(took) >= 0.1:
        took += [attempt() for _ in range(10)]
    return statistics.median(took)


def test_client_that_goes_away_takes_its_worker_with_it_within_100_ms(client: Client) -> None:
    def leave() -> float:
        conversation = client.converse(start("while True: pass"))
        conversation.receive("accepted")
        assert client.info().pool.in_use == 1
        conversation.cancel()
        return wait_for(lambda: client.info().pool.in_use == 0, 5, "the execution is over")

    assert mostly(leave) < 0.1


def test_connection_that_is_cut_ends_the_execution() -> None:
    with running() as executor:
        observer = executor.client()
        program = (
            "import sys\nfrom tests.python.service.contract import Client, start\n"
            f"client = Client({executor.target!r}, {dict(executor.client().metadata)['authorization'][7:]!r})\n"
            "conversation = client.converse(start('while True: pass'))\nconversation.receive('accepted')\n"
            "print('accepted', flush=True)\nsys.stdin.read()"
        )

        def cut() -> float:
            process = subprocess.Popen(
                [os.sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "accepted\n"
            assert observer.info().pool.in_use == 1
            process.kill()
            took = wait_for(lambda: observer.info().pool.in_use == 0, 5, "the execution is over")
            process.wait()
            process.stdout.close()
            assert process.stdin is not None
            process.stdin.close()
            return took

        assert mostly(cut) < 0.1


def test_worker_killed_while_idle_is_replaced() -> None:
    with running("--idle-workers", "2") as executor:
        client = executor.client()
        wait_for(lambda: client.info().pool.idle == 2, 5, "two idle workers")
        before = executor.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(executor.workers() - before) == 2, 5, "two new workers")
        assert client.run("result = 1").outcome == "completed"


def test_worker_killed_in_an_execution_costs_that_one() -> None:
    with running("--idle-workers", "1") as executor:
        client = executor.client()
        # One that still warms up would be given company by the first execution.
        wait_for(lambda: client.info().pool.idle == 1 and len(executor.workers()) == 1, 10, "the only worker is ready")
        (worker,) = executor.workers()
        first = client.converse(start("while True: pass"))
        first.receive("accepted")  # by the only worker there is
        second = client.converse(start("result = tools.echo()", ["echo"]))
        second.receive("accepted")
        second.receive("tool_call")
        os.kill(worker, signal.SIGKILL)
        # Not of its own making: a client may run it again, with its journal.
        assert first.status() == ("UNAVAILABLE", "the worker was killed from outside the executor")
        assert client.info().pool.in_use == 1
        second.cancel()


def test_zygote_that_dies_costs_what_ran_and_is_replaced() -> None:
    with running() as executor:
        client = executor.client()
        conversation = client.converse(start("while True: pass"))
        conversation.receive("accepted")
        zygote = executor.zygote()
        os.kill(zygote, signal.SIGKILL)
        assert conversation.status() == ("UNAVAILABLE", "the zygote died, and this execution's worker with it")
        assert client.run("result = 1").outcome == "completed"
        assert executor.zygote() != zygote


def test_zygote_is_retired_after_its_forks_and_executions_go_on() -> None:
    with running("--retire-after-forks", "20", "--idle-workers", "4") as executor:
        client = executor.client()
        zygotes: set[int] = set()
        number = 0
        # A successor takes over when it serves, which may take a while on a busy machine.
        deadline = time.monotonic() + 60
        while len(zygotes) < 3:
            ended = client.run(f"result = {number}")
            assert (ended.outcome, ended.finished.value) == ("completed", b"%d" % number)
            zygotes |= set(children(executor.process.pid))
            number += 1
            assert number < 8_000 and time.monotonic() < deadline, "the zygote is never retired"


def test_retired_zygotes_end_with_their_last_worker() -> None:
    """Whatever a zygote was doing when it was retired: one of its workers may have just become warm."""
    with running("--retire-after-forks", "12", "--idle-workers", "8") as executor:
        client = executor.client()
        zygotes: set[int] = set()
        deadline = time.monotonic() + 240
        with ThreadPoolExecutor(8) as threads:
            while len(zygotes) < 40:
                assert {ended.outcome for ended in threads.map(client.run, ["result = 1"] * 16)} == {"completed"}
                zygotes |= set(children(executor.process.pid))
                assert time.monotonic() < deadline, f"{len(zygotes)} zygotes only"
        wait_for(lambda: len(children(executor.process.pid)) == 1, 20, "the retired zygotes are gone")


def test_crash_retires_the_zygote() -> None:
    with running() as executor:
        client = executor.client()
        zygote = executor.zygote()
        assert client.run("import ctypes\nctypes.string_at(0)").limit == "crash"
        wait_for(lambda: zygote not in children(executor.process.pid), 10, "the old zygote is gone")
        assert client.run("result = 1").outcome == "completed"


def test_executions_past_capacity_wait_and_past_the_queue_are_refused() -> None:
    with running("--capacity", "2", "--queue", "1", "--idle-workers", "2") as executor:
        client = executor.client()
        holding = [client.converse(start("tools.hold()", ["hold"])) for _ in range(2)]
        for conversation in holding:
            conversation.receive("accepted")
        waiting = client.converse(start("result = 1"))
        wait_for(lambda: client.info().pool.queued == 1, 5, "one execution waits")
        refused = client.converse(start("result = 1"))
        message = "capacity: all 2 workers are in use and 1 executions are waiting"
        assert refused.status() == ("RESOURCE_EXHAUSTED", message)
        assert dict(refused.call.trailing_metadata())["retry-after-ms"] == "250"
        holding[0].cancel()
        waiting.receive("accepted")
        assert waiting.receive("finished").value == b"1"
        holding[1].cancel()
        waiting.end_requests()


def test_sigterm_lets_running_executions_finish_and_takes_no_new_ones() -> None:
    with running() as executor:
        client = executor.client()
        conversation = client.converse(start("tools.hold()\nresult = 'done'", ["hold"]))
        conversation.receive("accepted")
        call = conversation.receive("tool_call")
        executor.terminate()

        def refused() -> bool:
            code, details = client.converse(start("result = 1")).status()
            return code == "UNAVAILABLE" and (
                details == "the executor is shutting down and takes no new executions" or "connect" in details.lower()
            )

        wait_for(refused, 5, "new executions are refused")
        from .contract import Request

        reply = Request()
        reply.tool_result.call_id = call.call_id
        reply.tool_result.value = b"null"
        conversation.send(reply)
        assert conversation.receive("finished").value == b'"done"'
        conversation.end_requests()
        assert executor.process.wait(5) == 0


def test_drain_delay_ends_readiness_before_service() -> None:
    with running("--drain-delay", "6") as executor:
        client = executor.client()
        wait_for(lambda: health(executor, "codemode.v1.Executor") == 1, 5, "ready")
        started = time.monotonic()
        executor.terminate()
        wait_for(lambda: health(executor, "codemode.v1.Executor") == 2, 5, "not ready any more")
        assert health(executor, "") == 1
        assert client.run("result = 1").outcome == "completed"
        assert executor.process.wait(20) == 0
        assert time.monotonic() - started >= 6


def test_end_of_the_grace_period_ends_what_runs() -> None:
    with running("--grace", "1") as executor:
        client = executor.client()
        conversation = client.converse(start("while True: pass"))
        conversation.receive("accepted")
        started = time.monotonic()
        executor.terminate()
        assert conversation.status() == ("UNAVAILABLE", "the executor is shutting down")
        # Far less than the program might have run, with what a busy machine adds.
        assert 0.9 < time.monotonic() - started < 15
        assert executor.process.wait(5) == 0


def test_executor_that_is_killed_leaves_no_process() -> None:
    with running() as executor:
        client = executor.client()
        conversation = client.converse(start("while True: pass"))
        conversation.receive("accepted")
        family = [executor.zygote(), *executor.workers()]
        executor.process.kill()
        executor.process.wait()
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), 5, "all are gone")
        conversation.end_requests()


def test_health_follows_the_executor() -> None:
    with running() as executor:
        assert health(executor, "") == 1
        wait_for(lambda: health(executor, "codemode.v1.Executor") == 1, 5, "ready")


def health(executor: Executor, service: str) -> int:
    """The status of `grpc.health.v1.Health/Check`: 1 is SERVING. Its messages have a field each: written by hand."""
    with grpc.insecure_channel(executor.target) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        name = service.encode()
        answer: bytes = check(b"\n" + bytes([len(name)]) + name if name else b"", timeout=5)
    return answer[1] if answer else 0


def test_reflection_lists_the_services() -> None:
    with running() as executor, grpc.insecure_channel(executor.target) as channel:
        reflect = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        key = [("authorization", f"Bearer {KEY}")]
        (answer,) = list(reflect(iter([b"\x3a\x01*"]), metadata=key, timeout=5))
        with pytest.raises(grpc.RpcError) as refused:
            list(reflect(iter([b"\x3a\x01*"]), timeout=5))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert b"codemode.v1.Executor" in answer
    assert b"grpc.health.v1.Health" in answer


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--listen", "0.0.0.0:0"], 64, "error: refusing to listen on `0.0.0.0:0` without an API key: "),
        (["--listen", "nowhere"], 2, "error: invalid value 'nowhere' for '--listen <LISTEN>': "),
        (["--listen", "127.0.0.1:0", "--python", "/nowhere/python"], 69, "error: found no Python interpreter "),
        (["--listen", "127.0.0.1:0", "--capacity", "0"], 64, "error: --capacity: must be at least 1\n"),
        (
            ["--listen", "127.0.0.1:0", "--profile", "standard", "--without-layer", "landlock"],
            78,
            "error: the jail profile `standard` is not reached: landlock missing",
        ),
    ],
)
def test_executor_refuses_to_start_badly(arguments: list[str], status: int, message: str) -> None:
    ended = subprocess.run(
        [str(find_executable()), "serve", *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    # The log may have told of the jail before.
    error = ended.stderr[max(ended.stderr.find("error:"), 0) :]
    assert (ended.returncode, error[: len(message)]) == (status, message)


def test_missing_layer_that_is_allowed_shows_in_every_result() -> None:
    with running("--without-layer", "landlock", "--allow-missing-layers") as executor:
        ended = executor.client().run("result = 1")
        assert (ended.outcome, ended.accepted.jail_profile) == ("completed", "unsafe")


def test_many_clients_at_once_get_their_own_results(executor: Executor) -> None:
    failures: list[str] = []

    def work(worker: int) -> None:
        client = executor.client()
        for number in range(10):
            ended = client.run(f"result = tools.echo(n={worker * 100 + number})['n']", ["echo"])
            if ended.finished.value != b"%d" % (worker * 100 + number):
                failures.append(str(ended))
        client.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
