"""Carries out an execution on trio's event loop, for `ExecutorClient.execute_async` where it is called under trio.

As `AsyncDispatch` does for asyncio: the core's listener has the loop take the events, async tools are tasks of a
nursery that lives as long as the execution, and cancelling the caller cancels the execution and them.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from codemode.core.dispatch import Dispatch, End, raised
from codemode.core.invocation import Invocation
from codemode.core.models import ExecutionResult

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.request import Request


class TrioDispatch(Dispatch):
    """Carries out an execution on the running trio loop."""

    def __init__(self, connection: _codemode.Connection, request: Request) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._over = trio.Event()
        self._finished: End | None = None
        self._error: BaseException | None = None
        self._nursery: trio.Nursery | None = None
        super().__init__(connection, request)

    def to_loop(self, call: Invocation, awaitable: Awaitable[Any] | None = None) -> None:
        """The caller's loop serves it; a sync tool's thread hands over what its tool returned."""
        if awaitable is None:
            self._spawn(call, None)
        else:
            self._token.run_sync_soon(self._spawn, call, awaitable)

    def _spawn(self, call: Invocation, awaitable: Awaitable[Any] | None) -> None:
        if self.ended or self._nursery is None:
            if awaitable is not None and hasattr(awaitable, "close"):
                awaitable.close()  # a coroutine that never ran
            return
        start: Any = self._nursery.start_soon
        call.spawn(partial(start, self._serve), awaitable)

    async def _serve(self, call: Awaitable[None]) -> None:
        limit = self.request.tool_call_time
        with trio.move_on_after(limit if limit is not None else float("inf")):
            await call

    async def run(self) -> ExecutionResult:
        """Runs it to its end.

        Raises:
            ExecutorClientError: The transport failed or the deadline passed.
            trio.Cancelled: The task was cancelled; the execution is cancelled first.
        """
        async with trio.open_nursery() as self._nursery:
            try:
                self.execution.set_listener(partial(self._token.run_sync_soon, self._drain))
                await self._over.wait()
            except BaseException:
                self.execution.cancel()
                raise
            finally:
                self.execution.set_listener(None)
                self.end()
                self._nursery.cancel_scope.cancel()
        if self._error is not None:
            raise self._error
        assert self._finished is not None
        return self.result(self._finished)

    def _drain(self) -> None:
        try:
            while not self._over.is_set():
                event = self.execution.poll_event()
                if event is None:
                    return
                self._finished = self.receive(event)
                if self._finished is not None:
                    self._over.set()
        except BaseException as error:  # of the transport, or of the caller's output function
            self._error = raised(error)
            self._over.set()
