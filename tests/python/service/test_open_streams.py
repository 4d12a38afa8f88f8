"""Peers that open more than they need, or send more than is asked: what each may have is decided before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from . import half_spoken
from .contract import start
from .executors import KEY, Executor, running, wait_for
from .test_slow_clients import MIB, address, memory

HEALTH = "/grpc.health.v1.Health"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
INFO = "/codemode.v1.Executor/GetInfo"
WITHOUT_KEY = 16
"""Requests that need no key, open at once on a connection."""
SPARE_REQUESTS = 256
"""Those of a key that may be open beside executions that run or wait."""

LARGE_STARTS = 16
"""Large first messages of a key that are received at once."""


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with running("--capacity", "1", "--queue", "1", "--idle-workers", "1") as executor:
        yield executor


@pytest.fixture
def channel(executor: Executor) -> Iterator[grpc.Channel]:
    """A connection of its own."""
    with grpc.insecure_channel(executor.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def watch(channel: grpc.Channel) -> Any:
    """An open stream that needs no key."""
    call = channel.unary_stream(f"{HEALTH}/Watch", request_serializer=bytes, response_deserializer=bytes)(b"")
    next(call)
    return call


def is_healthy(channel: grpc.Channel) -> bool:
    check = channel.unary_unary(f"{HEALTH}/Check", request_serializer=bytes, response_deserializer=bytes)
    status: bytes = check(b"", timeout=10)
    return status == b"\x08\x01"


def answers(channel: grpc.Channel) -> bool:
    """Whether it has room for a request more."""
    try:
        return is_healthy(channel)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        return False


def test_connection_without_a_key_has_few_requests_open(executor: Executor, channel: grpc.Channel) -> None:
    watching = [watch(channel) for _ in range(WITHOUT_KEY)]
    with pytest.raises(grpc.RpcError) as refused:
        watch(channel)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "open" in refused.value.details()
    # Those of other connections are not counted there, and one that ends makes room.
    with grpc.insecure_channel(executor.target, options=[("grpc.use_local_subchannel_pool", 1)]) as other:
        assert is_healthy(other)
    watching.pop().cancel()
    wait_for(lambda: answers(channel), 5, "there is room for one")
    for call in watching:
        call.cancel()


def test_answer_that_is_not_taken_counts_as_a_request(executor: Executor) -> None:
    """Its client grants no window: the library has the answer, and nothing else of the request is left."""
    said = half_spoken.PREFACE + half_spoken.settings(0)
    for stream in range(1, 80, 2):
        said += half_spoken.headers(None, path=f"{HEALTH}/Check", stream=stream)
        said += half_spoken.end(stream, half_spoken.EMPTY_MESSAGE)
    with half_spoken.connect(address(executor), said) as peer:
        assert half_spoken.ended_streams(peer, 40 - WITHOUT_KEY) == 40 - WITHOUT_KEY


def test_connection_with_a_key_may_be_a_proxys(executor: Executor, channel: grpc.Channel) -> None:
    info = channel.unary_unary(INFO, request_serializer=bytes, response_deserializer=bytes)
    info(b"", metadata=[("authorization", f"Bearer {KEY}")], timeout=10)
    watching = [watch(channel) for _ in range(4 * WITHOUT_KEY)]
    assert is_healthy(channel)
    for call in watching:
        call.cancel()


@pytest.mark.parametrize("path", [half_spoken.EXECUTE, INFO, REFLECTION, "/other.Service/Method"])
def test_without_a_key_no_message_is_waited_for(executor: Executor, path: str) -> None:
    said = half_spoken.opened(None, path)
    with half_spoken.connect(address(executor), said + half_spoken.part(2**25, 1)) as peer:
        peer.settimeout(5)
        assert half_spoken.is_ended(peer)


def test_small_pieces_keep_only_themselves(executor: Executor) -> None:
    """Frames that nobody knows are read between bytes of a message, and nothing is kept of them."""
    said = half_spoken.opened(None, f"{HEALTH}/Check")
    before = memory(executor)
    with half_spoken.connect(address(executor), said + half_spoken.part(3_000, 0)) as peer:
        for _ in range(2_000):
            peer.sendall(half_spoken.frame(half_spoken.DATA, 0, 1, b"x") + half_spoken.frame(99, 0, 1, bytes(16_000)))
        assert memory(executor) - before < 8 * MIB


@pytest.mark.parametrize(("path", "key"), [(f"{HEALTH}/Check", None), (INFO, KEY), (REFLECTION, KEY)])
def test_message_that_is_larger_than_any_of_its_kind_is_refused(executor: Executor, path: str, key: str | None) -> None:
    """It says that it is small enough for the library, and is sent only in part."""
    said = half_spoken.opened(key, path)
    with half_spoken.connect(address(executor), said + half_spoken.part(2**21, 5_000)) as peer:
        peer.settimeout(5)
        assert half_spoken.is_ended(peer)


def test_large_starts_are_received_a_few_at_once(executor: Executor) -> None:
    """Each is sent but for its end; of the others the executor takes a window, which it does not read."""
    said = half_spoken.opened(KEY)
    before = memory(executor)
    with ExitStack() as peers:

        def send() -> int:
            peer = peers.enter_context(half_spoken.connect(address(executor), said))
            return half_spoken.send_part(peer, 2**22, 2**22 - 1)

        taken = [send() for _ in range(LARGE_STARTS)]
        # At once: the first ones have their rights for ten seconds.
        with ThreadPoolExecutor(2) as threads:
            taken += threads.map(lambda _: send(), range(2))
        assert sorted(taken)[2:] == [2**22 + 4] * LARGE_STARTS
        assert sorted(taken)[1] < 2**20
        assert memory(executor) - before < LARGE_STARTS * 2 * 4 * MIB + 16 * MIB
        # Small ones do not wait for them, and a large one until they have had their time.
        client = executor.client()
        assert client.run("result = 6 * 7").finished.value == b"42"
        assert client.run("#" * 2**20).outcome == "rejected"


def test_key_has_no_more_requests_open_than_could_run_and_wait(executor: Executor, channel: grpc.Channel) -> None:
    client = executor.client()

    def ends() -> tuple[str, str]:
        code, details = client.converse(start("result = 1")).status()
        return code, details.partition(":")[0]

    said = half_spoken.PREFACE + half_spoken.settings()
    for stream in range(1, 2 * (1 + 1 + SPARE_REQUESTS), 2):
        said += half_spoken.headers(KEY, stream=stream)
    with half_spoken.connect(address(executor), said) as peer:
        half_spoken.settle(peer)
        wait_for(lambda: ends() == ("RESOURCE_EXHAUSTED", "requests"), 5, "there is no room")
        assert half_spoken.ended_streams(peer, 0) == 0
        assert is_healthy(channel)
    wait_for(lambda: ends() == ("OK", ""), 5, "there is room")
