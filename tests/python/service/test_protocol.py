"""Peers that break the contract: clients with odd messages, workers with odd frames. Each ends its own stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .contract import Client, Request, start
from .executors import KEY, Executor, running, wait_for

ECHO = start("result = tools.echo(x=1)", ["echo"])


def result(call_id: int, value: bytes = b"1") -> Any:
    request = Request()
    request.tool_result.call_id = call_id
    request.tool_result.value = value
    return request


def cancel() -> Any:
    request = Request()
    request.cancel.SetInParent()
    return request


def test_start_of_many_fields_is_accepted_with_the_limits_that_hold(client: Client) -> None:
    ended = client.run("result = config", memory=2**60, wall_time=7)
    assert ended.outcome == "completed"
    limits = ended.accepted.limits
    assert (limits.memory, limits.wall_time.seconds, limits.tool_calls) == (2 * 1024**3, 7, 1000)
    assert ended.accepted.jail_profile in {"container", "standard", "max"}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(), "the first message has no `start`"),
        (result(1), "`tool_result` was sent before `start`"),
        (cancel(), "`cancel` was sent before `start`"),
        (start("1", execution_id=""), "`start.execution_id` must be 1 to 128 characters of A-Z, a-z, 0-9 and `._:-`"),
        (
            start("1", ["__list__"]),
            "`start.tools[0].name` must be 1 to 128 characters without control characters, "
            "and must not begin with `__`",
        ),
        (start("1", ["a", "a"]), "`start.tools[1].name` repeats `a`; names are unique"),
        (start("1", wall_time=-1), "`limits.wall_time` must be a positive duration"),
    ],
)
def test_bad_first_message_is_refused(client: Client, request_: Any, message: str) -> None:
    assert client.converse(request_).status() == ("INVALID_ARGUMENT", message)


def test_bytes_that_are_no_message_are_refused(client: Client) -> None:
    code, _ = client.converse(b"\xff\xff\xff\xff").status()
    assert code in {"INVALID_ARGUMENT", "INTERNAL"}


def test_message_that_is_too_large_is_refused(client: Client) -> None:
    code, _ = client.converse(start("#" * (64 * 1024 * 1024))).status()
    assert code in {"INVALID_ARGUMENT", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (ECHO, "`start` was sent a second time"),
        (result(7), "`tool_result.call_id` 7 was never called"),
        (Request(), "`message` has none of `tool_result`, `cancel`, `journal`"),
    ],
)
def test_bad_later_message_ends_the_stream(client: Client, second: Any, message: str) -> None:
    conversation = client.converse(ECHO)
    conversation.receive("accepted")
    conversation.receive("tool_call")
    conversation.send(second)
    assert conversation.status() == ("INVALID_ARGUMENT", message)


def test_result_that_comes_twice_ends_the_stream(client: Client) -> None:
    conversation = client.converse(start("tools.echo(x=1)\ntools.echo(x=2)", ["echo"]))
    conversation.receive("accepted")
    conversation.receive("tool_call")
    conversation.send(result(1))
    conversation.receive("tool_call")
    conversation.send(result(1))
    assert conversation.status() == ("INVALID_ARGUMENT", "`tool_result.call_id` 1 has its result already")


def test_result_without_an_outcome_ends_the_stream(client: Client) -> None:
    conversation = client.converse(ECHO)
    conversation.receive("accepted")
    conversation.receive("tool_call")
    request = Request()
    request.tool_result.call_id = 1
    conversation.send(request)
    assert conversation.status() == ("INVALID_ARGUMENT", "`tool_result.outcome` has neither `value` nor `failure`")


def test_value_that_is_no_json_fails_in_the_program(client: Client) -> None:
    ended = client.run("tools.echo(x=1)", ["echo"], answer=lambda _tool, _arguments: b"{not json")
    assert ended.outcome == "failed"


def test_cancel_ends_the_program(client: Client) -> None:
    conversation = client.converse(start("while True: pass"))
    conversation.receive("accepted")
    conversation.send(cancel())
    finished = conversation.receive("finished")
    assert finished.outcome == 5
    conversation.end_requests()


@pytest.fixture(scope="module")
def calm() -> Iterator[Executor]:
    """An executor on which no program crashes, so that no zygote is replaced, and its idle workers with it."""
    with running("--idle-workers", "2") as executor:
        client = executor.client()
        wait_for(lambda: client.info().pool.idle == 2, 10, "the pool is full")
        client.close()
        yield executor


@pytest.mark.parametrize("key", [None, "wrong-key-wrong-key", KEY[:-1], KEY + "0"])
def test_wrong_key_is_refused_before_any_work(calm: Executor, key: str | None) -> None:
    workers = calm.workers()
    assert len(workers) == 2
    stranger = calm.client(key)
    message = "the API key is missing or wrong: send `authorization: Bearer <key>`"
    assert stranger.converse(ECHO).status() == ("UNAUTHENTICATED", message)
    # Each is still there: a worker is used once.
    assert workers <= calm.workers()
    stranger.close()


FORGED = {
    "length over the limit": ("struct.pack('<I', 2 ** 31)", "value"),
    "unknown kind": ("frame(99, b'')", "protocol"),
    "short frame": ("frame(17, b'xx')", "protocol"),
    "empty frame": ("struct.pack('<I', 0)", "protocol"),
    "second ready": ("frame(16, b'')", "protocol"),
    "call id out of order": ("frame(17, struct.pack('<IHBII', 5, 0, 0, 0, 0) + b'{}')", "protocol"),
    "call id zero": ("frame(17, struct.pack('<IHBII', 0, 0, 0, 0, 0) + b'{}')", "protocol"),
    "tool that the execution does not have": ("frame(17, struct.pack('<IHBII', 1, 1, 0, 0, 0) + b'{}')", "protocol"),
    "unknown stream": ("frame(18, b'\\x09hello')", "protocol"),
    "unknown outcome": ("frame(19, b'\\x09')", "protocol"),
    "divergence without a journal": ('frame(19, b\'\\x04{"call_id":1,"message":""}\')', "protocol"),
    "call with unknown flags": ("frame(17, struct.pack('<IHBII', 1, 0, 2, 0, 0) + b'{}')", "protocol"),
    "answers that end early": ("frame(17, struct.pack('<IHBI', 1, 0, 0, 9) + b'{}')", "protocol"),
    "more answers than calls": ("frame(17, struct.pack('<IHBII', 1, 0, 0, 2 ** 31, 0) + b'{}')", "protocol"),
    "answer that was not given": ("frame(17, struct.pack('<IHBIII', 1, 0, 0, 1, 1, 0) + b'{}')", "protocol"),
    "clock that is longer than it may be": (
        "frame(17, struct.pack('<IHBII', 1, 0, 0, 0, 65537) + bytes(65537) + b'{}')",
        "protocol",
    ),
    "clocks that are longer than they may be together": (
        "b''.join(frame(17, struct.pack('<IHBII', n, 0, 0, 0, 40000) + bytes(40000) + b'{}') for n in (1, 2))",
        "protocol",
    ),
    "report that is no report": ("frame(19, b'\\x02[]')", "protocol"),
}


@pytest.mark.parametrize(("sent", "limit"), FORGED.values(), ids=FORGED.keys())
def test_forged_frame_ends_its_own_execution(client: Client, sent: str, limit: str) -> None:
    code = f"""
import os, struct, time
def frame(kind, payload):
    return struct.pack('<IB', len(payload) + 1, kind) + payload
os.write(3, {sent})
time.sleep(60)
"""
    ended = client.run(code, ["echo"])
    assert (ended.outcome, ended.limit) == ("killed", limit)


def test_call_with_arguments_that_are_no_value_reaches_the_client_as_it_is(client: Client) -> None:
    """The executor never parses a value; whoever decodes it refuses it."""
    code = """
import os, struct
payload = struct.pack('<IHBII', 1, 0, 0, 0, 0) + b'no json'
os.write(3, struct.pack('<IB', len(payload) + 1, 17) + payload)
"""
    ended = client.run(code, ["echo"])
    assert ended.calls == [("echo", b"no json")]


def test_closed_channel_ends_its_own_execution(client: Client) -> None:
    ended = client.run("import os, time\nos.close(3)\ntime.sleep(60)")
    assert (ended.outcome, ended.limit) == ("killed", "protocol")
    assert ended.finished.exceeded.message == "the worker broke its protocol: it closed its channel"


def test_flood_of_calls_without_reading_is_stopped(client: Client) -> None:
    code = """
import os, struct
n = 0
while True:
    n += 1
    payload = struct.pack('<IHBII', n, 0, 0, 0, 0) + b'{}'
    os.write(3, struct.pack('<IB', len(payload) + 1, 17) + payload)
"""
    ended = client.run(code, ["echo"], tool_calls=10, wall_time=20)
    assert (ended.outcome, ended.limit) == ("killed", "protocol")
    assert len(ended.calls) == 10


def test_finished_twice_counts_once(client: Client) -> None:
    code = """
import os, struct
payload = bytes((1,)) + b'"forged"'
one = struct.pack('<IB', len(payload) + 1, 19) + payload
os.write(3, one + one)
os._exit(0)
"""
    ended = client.run(code)
    assert (ended.outcome, ended.finished.value) == ("completed", b'"forged"')
