"""API keys with limits of their own, and executions of one that do not starve those of another."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codemode.core.local import find_executable

from .contract import Client, start
from .executors import Executor, running, wait_for

QUIET = "quiet-quiet-quiet-quiet"
FLOOD = "flood-flood-flood-flood"
SECOND = "second-key-of-the-flood"


@contextlib.contextmanager
def tenants(folder: Path, keys: str, *arguments: str) -> Iterator[Executor]:
    file = folder / "keys"
    file.write_text(keys)
    with running("--api-key-file", str(file), *arguments, key=None) as executor:
        yield executor


def refusal(client: Client) -> tuple[str, str, int]:
    """The status of an execution that is refused, and when to come back."""
    conversation = client.converse(start("result = 1"))
    code, details = conversation.status()
    return code, details, int(dict(conversation.call.trailing_metadata()).get("retry-after-ms", "0"))


def held(client: Client) -> contextlib.closing[object]:
    """An execution that runs until it is let go."""
    conversation = client.converse(start("tools.hold()", ["hold"]))
    conversation.receive("accepted")
    conversation.receive("tool_call")

    class Held:
        def close(self) -> None:
            conversation.cancel()

    return contextlib.closing(Held())


# === limits of a key ===


def test_client_sees_its_limits_lowered_to_those_of_its_key(tmp_path: Path) -> None:
    keys = f"{QUIET}\n{FLOOD} name=flood wall_time=20s memory=32MiB tool_calls=5 tasks=4\n{SECOND} name=flood\n"
    with tenants(tmp_path, keys) as executor:
        for key in (FLOOD, SECOND):
            client = executor.client(key)
            limits = client.run("result = 1", memory=2**30, wall_time=60).accepted.limits
            assert (limits.wall_time.seconds, limits.memory, limits.tool_calls, limits.tasks) == (20, 2**25, 5, 4)
            assert client.info().limit_ceilings.memory == client.info().default_limits.memory == 2**25
            ended = client.run("x = bytearray(2**26)")
            assert ended.finished.error.message == (
                "the limit on memory is 32.0 MiB: its operator can raise it: --memory, or `memory` of the API key"
            )
        limits = executor.client(QUIET).run("result = 1", memory=2**30).accepted.limits
        assert (limits.wall_time.seconds, limits.memory) == (30, 2**30)


def test_rate_of_a_key_is_refused_with_the_time_to_come_back(tmp_path: Path) -> None:
    with tenants(tmp_path, f"{QUIET}\n{FLOOD} name=flood rate=12/m burst=3\n{SECOND} name=flood") as executor:
        client, second = executor.client(FLOOD), executor.client(SECOND)
        for _ in range(3):
            assert client.run("result = 1").outcome == "completed"
        code, details, retry = refusal(second)
        assert (code, details.partition(";")[0]) == (
            "RESOURCE_EXHAUSTED",
            "rate of this key: 12 executions a minute, 3 of them at once",
        )
        assert details.endswith(f"; the next may begin in {retry} ms")
        # Of the 5 s that one takes to come, what the three have left of it.
        assert 0 < retry <= 5_000
        assert executor.client(QUIET).run("result = 1").outcome == "completed"
        time.sleep(retry / 1_000)
        deadline = time.monotonic() + 5
        while refusal(client)[0] != "OK":
            assert time.monotonic() < deadline
        assert (executor.stop(), [line for line in executor.log if FLOOD in line or SECOND in line]) == (0, [])
    told = [line for line in executor.log if "executions are refused" in line]
    assert len(told) == 1
    assert "flood" in told[0]


def test_concurrency_of_a_key_waits_in_its_own_queue_and_is_refused_past_it(tmp_path: Path) -> None:
    keys = f"{QUIET}\n{FLOOD} concurrency=1 queue=1"
    with tenants(tmp_path, keys, "--capacity", "8") as executor:
        client = executor.client(FLOOD)
        with held(client):
            waiting = client.converse(start("result = 1"))
            wait_for(lambda: client.info().pool.queued == 1, 5, "one execution waits")
            assert refusal(client) == (
                "RESOURCE_EXHAUSTED",
                "concurrency of this key: 1 of its executions are running and 1 are waiting; the limit is 1 at once",
                250,
            )
            assert executor.client(QUIET).run("result = 1").outcome == "completed"
        waiting.receive("accepted")
        assert waiting.receive("finished").value == b"1"
        waiting.end_requests()


def test_full_queue_of_one_key_refuses_that_key_alone(tmp_path: Path) -> None:
    keys = f"{QUIET}\n{FLOOD}"
    with tenants(tmp_path, keys, "--capacity", "8", "--queue", "4") as executor, contextlib.ExitStack() as stack:
        client = executor.client(FLOOD)
        for _ in range(7):  # the eighth is kept for whoever has less than its share
            stack.enter_context(held(client))
        waiting = [client.converse(start("result = 1")) for _ in range(2)]
        wait_for(lambda: client.info().pool.queued == 2, 5, "its share of the queue is full")
        assert refusal(client) == (
            "RESOURCE_EXHAUSTED",
            "capacity: no worker is free for this key and 2 of its executions are waiting",
            250,
        )
        assert executor.client(QUIET).run("result = 1").outcome == "completed"
        assert client.info().pool.queued == 2, "it waited for an end of the other's"
        for conversation in waiting:
            conversation.cancel()


# === the file ===


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("short", "line 2: an API key must be 16 to 512 printable ASCII characters without spaces"),
        (QUIET, "line 2: the key is that of line 1 already"),
        (f"{FLOOD} {SECOND}", "line 2: what follows the key must be `field=value`"),
        (f"{FLOOD} {SECOND}=", "line 2: unknown field of 23 characters: expected one of name, weight, concurrency, "),
        (f"{FLOOD} concurency=2", "line 2: unknown field `concurency`; did you mean `concurrency`?"),
        (f"{FLOOD} rate=5", "line 2: `rate` must be executions for each second, minute or hour, such as 120/m"),
        (f"{FLOOD} memory=much", "line 2: `memory` must be a size such as 256MiB"),
    ],
)
def test_mistake_in_the_file_is_named_and_no_key_is_shown(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{QUIET} name=quiet\n{line}\n")
    command = [str(find_executable()), "serve", "--listen", "127.0.0.1:0", "--api-key-file", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 64
    assert f"error: failed to read `{file}`: {message}" in ended.stderr
    assert not [key for key in (QUIET, FLOOD, SECOND) if key in ended.stderr]


def test_file_without_a_key_does_not_open_the_executor(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    command = [str(find_executable()), "serve", "--listen", "127.0.0.1:0", "--api-key-file", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr.splitlines()[-2]) == (64, f"error: `{file}` has no key")


# === a quiet tenant beside a flooding one ===

FLOODER = """
import sys, threading
from tests.python.service.contract import Client, start
target, key, program = sys.argv[1:]
def flood():
    client = Client(target, key)
    while True:
        client.converse(start(program)).status()
for _ in range(48):
    threading.Thread(target=flood, daemon=True).start()
sys.stdin.read()
"""


@contextlib.contextmanager
def flooding(executor: Executor, program: str) -> Iterator[None]:
    """48 executions at once from another process, each followed by the next."""
    process = subprocess.Popen([sys.executable, "-c", FLOODER, executor.target, FLOOD, program], stdin=subprocess.PIPE)
    try:
        client = executor.client(QUIET)
        wait_for(lambda: client.info().pool.queued > 8, 30, "the flood is there")
        client.close()
        yield
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def latencies(client: Client, count: int = 60) -> list[float]:
    """Milliseconds of each of so many small executions, one after the other."""
    times = []
    for _ in range(count):
        started = time.perf_counter()
        assert client.run("result = 2 + 2").outcome == "completed"
        times.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.01)  # a quiet tenant: so few that warm workers come back
    return times


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


@pytest.mark.parametrize("limits", ["", " concurrency=4"], ids=["key without limits", "key with a limit"])
@pytest.mark.parametrize(
    ("program", "bound"),
    [
        # Without fairness: 48 executions of 0.2 s over 16 places are 0.6 s of waiting.
        pytest.param("import time\ntime.sleep(0.2)", 100, id="waiting for tools"),
        # The processors themselves are contended: each of 16 workers spins 20 ms, so a turn comes after some of them.
        pytest.param(
            "import time\nend = time.process_time() + 0.02\nwhile time.process_time() < end: pass", 250, id="spinning"
        ),
    ],
)
def test_quiet_tenant_is_answered_beside_a_flooding_one(
    tmp_path: Path, program: str, bound: float, limits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with tenants(
        tmp_path, f"{QUIET}\n{FLOOD}{limits}", "--capacity", "16", "--queue", "256", "--idle-workers", "8"
    ) as executor:
        client = executor.client(QUIET)
        latencies(client, 10)
        quiet: list[float] = []
        flooded: list[float] = []
        for turn in range(9):  # in turns: the machine is not as busy all the time
            quiet += latencies(client, 25)
            with flooding(executor, program):
                flooded += latencies(client, 25)
            wait_for(lambda: client.info().pool.in_use == 0, 10, "the flood is over")
            alone, beside = p95(quiet), p95(flooded)
            # More than three where it is too much: what the machine did in one turn is little of all then.
            if turn == 2 and beside < max(bound, 20 * alone):
                break
        with capsys.disabled():
            print(f"\n  quiet tenant, p95: {alone:.1f} ms alone, {beside:.1f} beside a flood of 48{limits}:", end="")
            print(f" {beside / alone:.1f} times")
        assert beside < max(bound, 20 * alone), (alone, beside)
        assert client.info().pool.in_use <= 16


def test_each_of_two_floods_gets_its_share(tmp_path: Path) -> None:
    """Two tenants that both ask for more than there is: neither gets more than about twice the other's.

    A program takes far longer than a client takes to ask for the next, so that each of both has always one that waits.
    """
    keys = {QUIET: 0, FLOOD: 0}
    with tenants(tmp_path, "\n".join(keys), "--capacity", "4", "--queue", "64", "--idle-workers", "4") as executor:
        over = time.monotonic() + 6

        def flood(key: str) -> None:
            client = executor.client(key)
            while time.monotonic() < over:
                if client.run("import time\ntime.sleep(0.2)").outcome == "completed":
                    keys[key] += 1
            client.close()

        # One sends with four times as many connections as the other.
        threads = [threading.Thread(target=flood, args=(QUIET,)) for _ in range(4)]
        threads += [threading.Thread(target=flood, args=(FLOOD,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert min(keys.values()) > 10
        assert keys[FLOOD] < 2.2 * keys[QUIET], keys
