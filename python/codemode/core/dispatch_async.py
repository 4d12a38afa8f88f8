"""Carries out an execution on the caller's event loop, for `ExecutorClient.execute_async`.

A listener of the core has the loop take the events. Async tools are tasks of that loop, sync tools run in tool threads
and send their replies from there; both with a copy of the caller's context variables. When the caller's task is
cancelled, the execution is cancelled and its tools' tasks are, and they end, within `CLEANUP_TIME`, before the
cancellation goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Any

from codemode.core.dispatch import Dispatch, End, raised
from codemode.core.invocation import Invocation
from codemode.core.models import ExecutionResult

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.request import Request


CLEANUP_TIME = 1.0
"""Seconds that the tools' tasks have to end when they are cancelled. One that takes longer goes on by itself: it must
not hold the caller beyond its deadline."""


class AsyncDispatch(Dispatch):
    """Carries out an execution on the running loop."""

    def __init__(self, connection: _codemode.Connection, request: Request) -> None:
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[End] = self._loop.create_future()
        super().__init__(connection, request)

    def to_loop(self, call: Invocation, awaitable: Awaitable[Any] | None = None) -> None:
        """The caller's loop serves it; a sync tool's thread hands over what its tool returned."""
        if awaitable is None:
            self.start_task(self._loop, call, None)
        else:
            self._loop.call_soon_threadsafe(self.start_task, self._loop, call, awaitable)

    async def run(self) -> ExecutionResult:
        """Runs it to its end.

        Raises:
            ExecutorClientError: The transport failed or the deadline passed.
            asyncio.CancelledError: The task was cancelled; the execution is cancelled first.
        """
        try:
            self.execution.set_listener(partial(self._loop.call_soon_threadsafe, self._drain))
            finished = await self._finished
        except BaseException:
            self.execution.cancel()
            raise
        finally:
            self.execution.set_listener(None)
            self.end()
            tasks = self.cancel_tasks()
            if tasks:
                await asyncio.wait(tasks, timeout=CLEANUP_TIME)
        return self.result(finished)

    def _drain(self) -> None:
        try:
            while not self._finished.done():
                event = self.execution.poll_event()
                if event is None:
                    return
                finished = self.receive(event)
                if finished is not None:
                    self._finished.set_result(finished)
        except BaseException as error:  # of the transport, or of the caller's output function
            if not self._finished.done():
                self._finished.set_exception(raised(error))
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
