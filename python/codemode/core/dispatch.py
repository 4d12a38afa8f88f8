"""Carries out an execution: receives its events, runs its tools, returns its result.

`Dispatch` is what the dispatchers share: `SyncDispatch` for a thread that waits, `AsyncDispatch` and `TrioDispatch` for
a task. Every tool runs with a copy of the caller's context variables.
"""

from __future__ import annotations

import codecs
import contextvars
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Union, cast

from codemode import _codemode
from codemode.core.invocation import Invocation
from codemode.core.journal import Journal, records_of
from codemode.core.models import ExecutionResult, ToolCall
from codemode.core.results import result_of, suspended_of
from codemode.core.threads import Turns

if TYPE_CHECKING:
    import asyncio

    from codemode.core.request import Request

End = Union["_codemode.Finished", "_codemode.Suspended"]
"""The last event of an execution."""

_OUTPUT = 2  # the first member of an output event; of a tool call it is 1


class Dispatch(ABC):
    """The state of one execution on this side: its calls, in order, and the tasks of its async tools."""

    def __init__(self, connection: _codemode.Connection, request: Request) -> None:
        self.request = request
        self.ended = False
        self._begin = time.perf_counter()
        self._calls: list[Invocation] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._turns = Turns()
        self._context = contextvars.copy_context()
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in (1, 2)}
        self._streamed: dict[int, list[str]] = {1: [], 2: []}
        self.execution = request.start(connection)

    @abstractmethod
    def to_loop(self, call: Invocation, awaitable: Awaitable[Any] | None = None) -> None:
        """Has the loop of async tools serve a call, or finish it by the awaitable that its tool returned."""

    def receive(self, event: tuple[Any, ...] | End) -> End | None:
        """Takes one event: starts its tool, passes its output on, or returns it if it is the last.

        A call is in the journal when its event comes, and comes once, however often the execution is attempted.
        """
        if not isinstance(event, tuple):
            return event
        if event[0] == _OUTPUT:
            self._output(event[1], cast(bytes, event[2]))
            return None
        call = Invocation(self.execution, self.request, event[1:], self._context.copy(), self._in_thread)
        self._calls.append(call)
        if call.is_async:
            self.to_loop(call)
        else:
            self.to_thread(call)
        return None

    def to_thread(self, call: Invocation) -> None:
        """Serves a call of a sync tool, in a thread of the pool. Called by whoever receives the events."""
        self._in_thread(call)

    def _in_thread(self, call: Invocation) -> None:
        self._turns.submit(lambda: call.serve(self.to_loop))

    def start_task(self, loop: asyncio.AbstractEventLoop, call: Invocation, awaitable: Awaitable[Any] | None) -> None:
        """Serves a call as a task. Called on the loop."""
        if self.ended:
            if awaitable is not None and hasattr(awaitable, "close"):
                awaitable.close()  # a coroutine that never ran
            return
        task = call.spawn(loop.create_task, awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.request.tool_call_time is not None:
            timer = loop.call_later(self.request.tool_call_time, task.cancel)
            task.add_done_callback(lambda _: timer.cancel())

    def _output(self, stream: int, data: bytes, *, final: bool = False) -> None:
        text = self._decoders[stream].decode(data, final)  # whole characters only
        if text and self.request.on_output is not None:
            self._streamed[stream].append(text)
            # Of its own: several threads may receive events one after the other, and a context is entered by one.
            context = self._context.copy()
            context.run(self.request.on_output, "stdout" if stream == 1 else "stderr", text)

    def end(self) -> None:
        """No call is answered from here on."""
        self.ended = True
        self._turns.clear()
        for call in self._calls:
            call.abandon()

    def cancel_tasks(self) -> list[asyncio.Task[Any]]:
        """Cancels and returns the tasks that are left. Called on their loop."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    def journal(self) -> Journal:
        """What the execution has done so far, however it ended."""
        return Journal(self.execution.journal())

    def records(self) -> list[ToolCall]:
        """The calls, in the order of their begin, those of attempts that failed too."""
        return self._records(self.execution.journal())

    def _records(self, journal: _codemode.Journal) -> list[ToolCall]:
        return records_of(journal, time.time() - journal.began, self.request.asked)

    def result(self, end: End) -> ExecutionResult:
        """The result. Called after `end`. Raises what the store of a durable execution refused it with."""
        durable = self.request.durable
        if durable is not None and durable.error is not None:
            raise durable.error
        for stream in (1, 2):
            self._output(stream, b"", final=True)
        streamed = "".join(self._streamed[1]), "".join(self._streamed[2])
        duration = round((time.perf_counter() - self._begin) * 1000, 3)
        make = suspended_of if isinstance(end, _codemode.Suspended) else result_of
        return make(end, self.request, streamed, self._records(end.journal), duration)  # type: ignore[arg-type]


def raised(error: BaseException) -> BaseException:
    """What is raised in the caller's task for an error of its output function.

    Some exceptions mean something to a task: they would be taken for its own cancellation or end.
    """
    from asyncio import CancelledError

    if isinstance(error, (CancelledError, StopIteration, StopAsyncIteration, GeneratorExit)):
        passed = RuntimeError(f"on_output raised {type(error).__name__}")
        passed.__cause__ = error
        return passed
    return error
