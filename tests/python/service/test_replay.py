"""Journals over the wire: an execution that lost its worker runs again elsewhere, and no tool is called twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from .contract import Client, Conversation, Request, message, start
from .executors import running, wait_for

SEED = bytes(range(32))
TOOLS = ["a", "b"]


@dataclass
class Known:
    """What a client knows of one call."""

    tool: str
    arguments: bytes
    clock: bytes
    seen: int
    value: bytes | None = None
    failure: Any = None
    order: int = 0


@dataclass
class Application:
    """A client that keeps a journal, as the contract says and no more. `effects` are the tools that really ran."""

    program: str
    tools: list[str] = field(default_factory=lambda: list(TOOLS))
    limits: dict[str, Any] = field(default_factory=dict)
    calls: dict[int, Known] = field(default_factory=dict)
    effects: list[tuple[int, str, bytes]] = field(default_factory=list)
    received: int = 0
    runtime: str = ""

    def start(self) -> Any:
        request = start(self.program, self.tools, **self.limits)
        request.start.seed = SEED
        journal = self.journal()
        request.start.journal_calls = len(journal)
        request.start.journal_size = sum(call.ByteSize() for call in journal)
        if journal:
            request.start.runtime = self.runtime
        return request

    def journal(self) -> list[Any]:
        calls = []
        for call_id, known in sorted(self.calls.items()):
            call = message("JournalCall")(
                call_id=call_id,
                tool=known.tool,
                arguments=known.arguments,
                clock=known.clock,
                seen=known.seen,
                order=known.order,
            )
            if known.failure is not None:
                call.failure.CopyFrom(known.failure)
            elif known.value is not None:
                call.value = known.value
            calls.append(call)
        return calls

    def begin(self, client: Client, part: int = 2) -> Conversation:
        """Sends start and journal, `part` calls a message."""
        conversation = client.converse(self.start())
        journal = self.journal()
        for first in range(0, len(journal), part):
            request = Request()
            request.journal.calls.extend(journal[first : first + part])
            conversation.send(request)
        return conversation

    def record(self, call: Any) -> None:
        for answered in call.answered:
            known = self.calls[answered.call_id]
            if answered.HasField("failure"):
                known.failure = answered.failure
            if not known.order:
                self.received += 1
                known.order = self.received
        if call.call_id not in self.calls:
            self.calls[call.call_id] = Known(call.tool, call.arguments, call.clock, self.received)
            self.effects.append((call.call_id, call.tool, call.arguments))

    def answer(self, conversation: Conversation, call_id: int) -> None:
        known = self.calls[call_id]
        known.value = f'"{known.tool}{call_id}"'.encode()
        request = Request()
        request.tool_result.call_id = call_id
        request.tool_result.value = known.value
        conversation.send(request)

    def run(self, client: Client, until: int | None = None) -> Any:
        """Serves the program to its end, or until call `until` was begun; returns `finished`, or None."""
        conversation = self.begin(client)
        accepted = conversation.receive("accepted")
        self.runtime = accepted.runtime
        for response in conversation.call:
            kind = response.WhichOneof("message")
            if kind == "tool_call":
                self.record(response.tool_call)
                if response.tool_call.call_id == until:
                    return conversation
                self.answer(conversation, response.tool_call.call_id)
            elif kind == "finished":
                conversation.end_requests()
                return response.finished
        raise AssertionError("the stream ended without `finished`")


@pytest.fixture
def other() -> Iterator[Client]:
    """A client of another executor process."""
    with running("--idle-workers", "2") as executor:
        client = executor.client()
        yield client
        client.close()


def test_worker_killed_between_calls_is_replayed_on_another_executor(other: Client) -> None:
    application = Application(
        "import random\n"
        "one = tools.a(x=random.random())\n"
        "two = tools.b(x=random.getrandbits(64), y=one)\n"
        "three = tools.a(x=[one, two])\n"
        "result = [one, two, three, random.random()]"
    )
    # With one idle worker, so that the execution's process is known.
    with running("--idle-workers", "1") as executor:
        client = executor.client()
        wait_for(lambda: client.info().pool.idle == 1 and len(executor.workers()) == 1, 10, "one idle worker")
        (worker,) = executor.workers()
        conversation = application.run(client, until=2)
        application.answer(conversation, 2)
        assert conversation.receive("tool_call").call_id == 3
        os.kill(worker, signal.SIGKILL)
        assert conversation.status() == ("UNAVAILABLE", "the worker was killed from outside the executor")
        client.close()
    before = list(application.effects)
    # The third call was begun by the tool's side as far as the first executor could tell; the journal does not have it.
    finished = application.run(other)
    assert finished.outcome == 1, finished
    assert [call_id for call_id, _, _ in application.effects] == [1, 2, 3]
    assert application.effects[:2] == before
    assert finished.usage.tool_calls == 3
    undisturbed = Application(application.program)
    assert undisturbed.run(other).value == finished.value
    assert undisturbed.effects == application.effects


def test_call_without_an_outcome_is_asked_for_by_its_number(client: Client) -> None:
    application = Application(
        "import asyncio\nresult = await asyncio.gather(*[tools.a.run_async(x=n) for n in range(5)])"
    )
    conversation = application.run(client, until=3)
    conversation.cancel()
    assert [known.value is None for known in application.calls.values()] == [False, False, True]
    finished = application.run(client)
    assert finished.outcome == 1
    assert finished.value == b'["a1","a2","a3","a4","a5"]'
    assert len(application.effects) == 5


def test_divergence_is_an_outcome_and_nothing_is_called(client: Client) -> None:
    application = Application("tools.a(x=1)\ntools.b(x=2)")
    application.run(client, until=2).cancel()
    application.program = "tools.a(x=1)\ntry:\n    tools.b(x=3)\nexcept BaseException:\n    pass"
    finished = application.run(client)
    assert finished.outcome == 7
    assert finished.divergence.call_id == 2
    assert finished.divergence.message == (
        'call 2 of the journal, b({"x":2}), was not made: the program called b({"x":3})'
    )
    assert len(application.effects) == 2


def test_timeout_that_the_executor_gave_is_part_of_the_journal(client: Client) -> None:
    application = Application(
        "try:\n    tools.a(x=1)\nexcept TimeoutError as error:\n    caught = str(error)\n"
        "result = [caught, tools.b(x=2)]",
        limits={"tool_call_time": 0.2},
    )
    conversation = application.begin(client)
    application.runtime = conversation.receive("accepted").runtime
    application.record(conversation.receive("tool_call"))
    second = conversation.receive("tool_call")
    assert second.answered[0].failure.type == "TimeoutError"
    application.record(second)
    conversation.cancel()
    # What the journal has of a time that was over stays. The second call must now be answered in time.
    application.limits = {}
    finished = application.run(client)
    assert finished.outcome == 1, finished
    assert finished.value.endswith(b',"b2"]')
    assert len(application.effects) == 2


def test_timeout_that_no_call_tells_of_comes_with_the_end(client: Client) -> None:
    application = Application(
        "import threading\ndef late(tool, x):\n    try:\n        tool(x=x)\n    except TimeoutError:\n        pass\n"
        "threads = [threading.Thread(target=late, args=each) for each in [(tools.a, 1), (tools.b, 2)]]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()",
        limits={"tool_call_time": 2},
    )
    conversation = application.begin(client)
    conversation.receive("accepted")
    calls = [conversation.receive("tool_call") for _ in range(2)]
    end = conversation.receive("finished")
    told = [answer for message in (*calls, end) for answer in message.answered]
    assert [answer.call_id for answer in told] == [1, 2]
    assert {answer.failure.type for answer in told} == {"TimeoutError"}
    assert 2 in {answer.call_id for answer in end.answered}


def test_what_a_refused_call_told_comes_with_the_end(client: Client) -> None:
    """The second call is beyond the limit; its client hears of no such call."""
    application = Application(
        "try:\n    tools.a(x=1)\nexcept TimeoutError:\n    pass\n"
        "try:\n    tools.b(x=2)\nexcept RuntimeError:\n    pass\n",
        limits={"tool_call_time": 0.2, "tool_calls": 1},
    )
    conversation = application.begin(client)
    conversation.receive("accepted")
    assert not conversation.receive("tool_call").answered
    (told,) = conversation.receive("finished").answered
    assert (told.call_id, told.failure.type) == (1, "TimeoutError")


def test_runtime_of_another_is_refused(client: Client) -> None:
    request = start("1")
    request.start.runtime = "cpython-2.7.18/0000000000000000"
    code, text = client.converse(request).status()
    ours = Application("1")
    ours.run(client)
    assert (code, text) == (
        "FAILED_PRECONDITION",
        f"`start.runtime` is `cpython-2.7.18/0000000000000000`, and this executor's is `{ours.runtime}`: a journal can "
        "be replayed by the runtime that made it alone",
    )


def call(call_id: int = 1, tool: str = "a", **fields: Any) -> Any:
    return message("JournalCall")(call_id=call_id, tool=tool, **{"arguments": b"{}", **fields})


BAD: dict[str, tuple[list[Any], int, str]] = {
    "too many": ([call(1), call(2)], 1, "`journal.calls` has more calls than `start.journal_calls`, 1"),
    "repeated id": ([call(1), call(1)], 2, "`journal.calls[1].call_id` is 1, which is not above 1, the one before it"),
    "descending": ([call(2), call(1)], 2, "`journal.calls[1].call_id` is 1, which is not above 2, the one before it"),
    "id zero": ([call(0)], 1, "`journal.calls[0].call_id` is 0, which is not above 0, the one before it"),
    "id above the limit": ([call(1001)], 1, "`journal.calls[0].call_id` is 1001; the limit is 1000 tool calls"),
    "unknown tool": ([call(1, "c")], 1, "`journal.calls[0].tool` is none of `start.tools`"),
    "large arguments": (
        [call(1, arguments=b"x" * 70_000)],
        1,
        "`journal.calls[0].arguments` is 68.4 KiB; the limit for one value is 64.0 KiB",
    ),
    "large value": (
        [call(1, value=b"x" * 70_000)],
        1,
        "`journal.calls[0].value` is 68.4 KiB; the limit for one value is 64.0 KiB",
    ),
    "large clocks": (
        [call(1, clock=b"x" * 40_000), call(2, clock=b"x" * 40_000)],
        2,
        "`journal.calls[1].clock` makes more than 65536 bytes of all clocks",
    ),
    "seen what was not made": (
        [call(1, seen=1)],
        1,
        "`journal.calls[0].seen` is 1; it can be 0 to 0 after the calls before it",
    ),
    "seen less than before": (
        [call(1, value=b"1", order=1), call(2, seen=1), call(3)],
        3,
        "`journal.calls[2].seen` is 0; it can be 1 to 2 after the calls before it",
    ),
    "order without outcome": ([call(1, order=1)], 1, "`journal.calls[0].order` is 1, and the call has no outcome"),
    "order too high": ([call(1, order=2, value=b"1")], 1, "`journal.calls[0].order` is 2 of 1 calls"),
    "order repeated": (
        [call(1, order=1, value=b"1"), call(2, order=1, value=b"1")],
        2,
        "`journal.calls[1].order` is 1, as that of a call before it",
    ),
    "answered before it was made": (
        [call(1, value=b"1"), call(2, seen=1, order=1, value=b"1")],
        2,
        "`journal.calls[1].order` is 1, and `seen` is 1: it was answered before it was made",
    ),
}


@pytest.mark.parametrize(("calls", "promised", "text"), BAD.values(), ids=BAD.keys())
def test_bad_journal_is_refused_with_the_field(client: Client, calls: list[Any], promised: int, text: str) -> None:
    conversation, request = _replay(client, calls, promised)
    conversation.send(request)
    assert conversation.status() == ("INVALID_ARGUMENT", text)


def _replay(client: Client, calls: list[Any], promised: int, size: int = 1 << 20) -> tuple[Conversation, Any]:
    runtime = Application("1")
    runtime.run(client)
    begin = start("tools.a()", TOOLS, value=65_536)
    begin.start.seed, begin.start.runtime = SEED, runtime.runtime
    begin.start.journal_calls, begin.start.journal_size = promised, size
    request = Request()
    request.journal.calls.extend(calls)
    return client.converse(begin), request


def test_journal_of_more_bytes_than_promised_is_refused(client: Client) -> None:
    conversation, request = _replay(client, [call(1)], 1, size=5)
    conversation.send(request)
    assert conversation.status() == (
        "INVALID_ARGUMENT",
        "`journal.calls` has more bytes than `start.journal_size`, 5",
    )


def test_result_before_the_journal_is_complete_is_refused(client: Client) -> None:
    conversation, request = _replay(client, [call(1)], 2)
    conversation.send(request)
    result = Request()
    result.tool_result.call_id = 1
    result.tool_result.value = b"1"
    conversation.send(result)
    assert conversation.status() == (
        "INVALID_ARGUMENT",
        "`tool_result` was sent before the journal was complete: 1 of `start.journal_calls` 2 were received",
    )


def test_cancel_may_come_before_the_journal_is_complete(client: Client) -> None:
    conversation, request = _replay(client, [call(1)], 2)
    conversation.send(request)
    cancel = Request()
    cancel.cancel.SetInParent()
    conversation.send(cancel)
    conversation.receive("accepted")
    assert conversation.receive("finished").outcome == 5
    conversation.end_requests()


def test_journal_without_a_promise_is_refused(client: Client) -> None:
    conversation = client.converse(start("tools.a()", TOOLS))
    request = Request()
    request.journal.calls.extend([call(1)])
    conversation.send(request)
    assert conversation.status() == ("INVALID_ARGUMENT", "`journal` came although `start.journal_calls` is 0")


def test_stream_that_ends_before_its_journal_ends_the_execution(client: Client) -> None:
    conversation, _ = _replay(client, [], 1)
    conversation.receive("accepted")
    conversation.end_requests()
    message = "the client ended its requests before the execution ended, or is gone"
    assert conversation.status() == ("CANCELLED", message)


def test_large_journal_is_not_taken_from_the_programs_memory(client: Client) -> None:
    """56 MiB of results, held beside a program that may have 64 MiB, and uses 40 of them before its first call."""
    application = Application(
        "held = bytearray(40 << 20)\nresult = sum(len(tools.a(x=n)) for n in range(56))",
        limits={"memory": 64 << 20},
    )
    big = b'"' + b"x" * ((1 << 20) - 64) + b'"'
    first = Application("1")
    first.run(client)
    application.runtime = first.runtime
    for n in range(56):
        application.calls[n + 1] = Known("a", b'{"x":%d}' % n, b"", n, big, None, n + 1)
    finished = application.run(client)
    assert finished.outcome == 1, finished
    assert application.effects == []
