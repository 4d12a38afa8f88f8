"""Carries out an execution for a thread that waits: `ExecutorClient.execute`.

The caller's thread receives the events until a sync tool is called. From then on a pool thread, the leader, does both:
it serves the call and receives the next event itself, so that a program that calls one quick tool after another costs
no switch of threads. The caller watches. Where one call takes longer than `PATIENCE`, the caller takes the events
back, and calls that come meanwhile run beside it, in threads of their own.

    caller receives ──► first sync call ──► leader serves, receives, serves … ──► last event
           ▲                                           │
           └───────── a call takes longer ─────────────┘

No tool runs in the caller's thread: one that hangs must not hold the caller beyond its deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from codemode.core.dispatch import Dispatch, End
from codemode.core.threads import background_loop, submit

if TYPE_CHECKING:
    import asyncio

    from codemode import _codemode
    from codemode.core.invocation import Invocation
    from codemode.core.models import ExecutionResult
    from codemode.core.request import Request

PATIENCE = 0.005
"""Seconds that a sync tool may hold up the events of its execution. Well above what a quick tool takes, well below what
a program that gathers slow ones would notice."""


class SyncDispatch(Dispatch):
    """Carries out an execution for a calling thread, whether or not a loop runs in it."""

    def __init__(self, connection: _codemode.Connection, request: Request) -> None:
        super().__init__(connection, request)
        self._loop: asyncio.AbstractEventLoop | None = None
        # Touched by whoever receives the events: whether the next call is kept for the leader, and the call.
        self._keeps = True
        self._kept: Invocation | None = None
        self._mutex = threading.Lock()
        # Guarded by the mutex: whether the leader receives the events, and since when it has been serving a call.
        self._led = False
        self._serving_since: float | None = None
        # What the leader ended with; read after `_over` is released.
        self._over = threading.Lock()
        self._finished: End | None = None
        self._error: BaseException | None = None

    def to_loop(self, call: Invocation, awaitable: Awaitable[Any] | None = None) -> None:
        """The process's private loop serves it."""
        self._loop = loop = background_loop()
        loop.call_soon_threadsafe(self.start_task, loop, call, awaitable)

    def to_thread(self, call: Invocation) -> None:
        """The first call is kept for the leader that it makes necessary, as is each that the leader receives."""
        if self._keeps:
            self._keeps, self._kept = False, call
        else:
            super().to_thread(call)

    def run(self) -> ExecutionResult:
        """Runs it to its end.

        Raises:
            ExecutorClientError: The transport failed or the deadline passed.
            KeyboardInterrupt: The execution is cancelled first.
        """
        finished = None
        try:
            while finished is None and self._kept is None:
                finished = self.receive(self.execution.next_event())
            if finished is None:
                finished = self._watch()
            while finished is None:
                finished = self.receive(self.execution.next_event())
        except BaseException:
            self.execution.cancel()
            raise
        finally:
            self.end()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.cancel_tasks)
        return self.result(finished)

    def _watch(self) -> End | None:
        """Waits for the leader. None: it is busy, and the events are the caller's again."""
        self._led = True
        self._serving_since = time.perf_counter()
        self._over.acquire()
        submit(self._lead)
        while not self._over.acquire(timeout=PATIENCE):
            with self._mutex:
                since = self._serving_since
                if since is not None and time.perf_counter() - since > PATIENCE:
                    self._led = False
                    return None
        if self._error is not None:
            raise self._error
        return self._finished

    def _lead(self) -> None:
        """Serves the first call and what comes after, in a pool thread, to the end or until the caller takes over."""
        call = self._kept
        try:
            while call is not None:
                call.serve(self.to_loop)
                with self._mutex:
                    if not self._led:
                        return
                    self._serving_since = None
                call = self._next_call()
        except BaseException as error:
            self._error = error
        self._over.release()

    def _next_call(self) -> Invocation | None:
        """Receives events up to the next call of a sync tool, or to the end."""
        self._keeps, self._kept = True, None
        while self._kept is None:
            self._finished = self.receive(self.execution.next_event())
            if self._finished is not None:
                return None
        with self._mutex:
            self._serving_since = time.perf_counter()
        return self._kept
