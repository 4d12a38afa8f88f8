"""One tool call, from the program's arguments to the reply: write down, decode, ask the policy, validate, call, encode,
send, write down.

    serve, spawn ──► written ahead ──► policy ──► tool ──► reply or failure ──► written
                          │              └──"ask"──┴─ raises Suspend ──► suspended
                          └── the store refused: the execution is cancelled, the tool is not called

The dispatchers decide where it runs (`serve` in a tool thread, `spawn` as a task); what happens is the same. Whatever a
tool raises becomes a failure that the program can catch: `SystemExit` and `CancelledError` too, for a tool must not end
the application. A `KeyboardInterrupt` that reaches a task in the main thread is the user's, and goes on.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

from codemode._values import decode, encode
from codemode.core import open_telemetry
from codemode.core.approvals import PendingCall, Suspend, decided
from codemode.core.checkpoint import Asked
from codemode.core.context import RuntimeContext, set_context_of
from codemode.core.failures import describe
from codemode.core.threads import in_thread

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.registration import ToolRegistration
    from codemode.core.request import Request

_log = logging.getLogger("codemode.tools")


class ToolFailure(Exception):
    """A failure that a tool returned."""


_ELSEWHERE = object()
"""In place of a value: the call goes on in another thread, which replies."""


class Invocation:
    """A tool call of one execution. Ends at most once: by a reply, a failure, a suspension or `abandon`."""

    def __init__(
        self,
        execution: _codemode.Execution,
        request: Request,
        call: tuple[int, str, bytes],
        context: Context,
        to_thread: Callable[[Invocation], object] | None = None,
    ) -> None:
        """``call``: id, tool name and encoded arguments. ``context``: the variables it runs with. ``to_thread``: has a
        tool thread `serve` it; called from any thread."""
        self.call_id, self.name, self._raw = call
        self.tool: ToolRegistration | None = request.tools.get(self.name)
        self._execution = execution
        self._request = request
        self._context = context
        self._to_thread = to_thread
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self._ended = False
        self._abandoned = False
        self._written = False
        self._approval = request.resumed.get(self.call_id)
        # A person has decided of a call that was approved, so the policy is not asked again.
        self._policy = getattr(request.registry, "approve", None) if self._approval is None else None

    @property
    def is_async(self) -> bool:
        """Whether the tool needs an event loop."""
        return self.tool is not None and self.tool.is_async

    def serve(self, on_awaitable: Callable[[Invocation, Awaitable[Any]], object]) -> None:
        """Serves the call in this thread. An awaitable, of the tool or the policy, goes to ``on_awaitable``."""
        try:
            if not self._write_ahead():
                return
            value = self._context.run(self._call)
            if inspect.isawaitable(value):
                on_awaitable(self, value)
                return
            self._reply(value)
        except Suspend as waits:
            self._suspend(waits)
        except BaseException as error:  # a KeyboardInterrupt too: signals reach only the main thread
            self._fail(error)
        self._write()

    def spawn(self, create_task: Callable[[Any], Any], awaitable: Awaitable[Any] | None = None) -> Any:
        """Serves the call in a new task, or finishes it by ``awaitable``, which its tool or its policy returned."""
        return self._context.run(create_task, self._serve_async(awaitable))

    async def _serve_async(self, awaitable: Awaitable[Any] | None) -> None:
        durable = self._request.durable is not None
        try:
            if durable and awaitable is None and not await in_thread(self._write_ahead):
                return
            value = self._call() if awaitable is None else awaitable
            if inspect.isawaitable(value):
                value = await value
            if value is _ELSEWHERE:
                return
            self._reply(value)
        except Suspend as waits:
            if durable:
                await in_thread(partial(self._suspend, waits))
            else:
                self._suspend(waits)
        except BaseException as error:  # a CancelledError too: nobody awaits this task, the program awaits a reply
            self._fail(error)
            # Python raises it in whatever the main thread runs: there it is the user's, elsewhere the tool's own.
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise
        if durable:
            await in_thread(self._write)

    # === policy and tool ===

    def _call(self) -> Any:
        """Asks the policy and calls the tool. Returns an awaitable where one of them did."""
        if self.tool is None:
            raise LookupError(f"no tool `{self.name}` in this execution")
        context = self._runtime_context()
        set_context_of(self._request.registry, context)
        open_telemetry.join(self._request.traceparent)
        policy, self._policy = self._policy, None
        if policy is not None:
            # Of its own: what the policy does to the arguments does not reach the tool.
            decision = policy(PendingCall(self.call_id, self.name, self._arguments(), self._request.execution_id))
            if inspect.isawaitable(decision):
                return self._call_later(decision, context)
            self._decide(decision)
        return self._call_tool(context)

    async def _call_later(self, decision: Awaitable[Any], context: RuntimeContext) -> Any:
        self._decide(await decision)
        if self._to_thread is not None and not self.is_async:
            # The tool may block. In its thread the policy is not asked again.
            self._to_thread(self)
            return _ELSEWHERE
        value = self._call_tool(context)
        return await value if inspect.isawaitable(value) else value

    def _decide(self, decision: object) -> None:
        call = PendingCall(self.call_id, self.name, {}, self._request.execution_id)
        self._approval = decided(decision, call)

    def _call_tool(self, context: RuntimeContext) -> Any:
        assert self.tool is not None
        arguments = self._arguments()
        self._raw = b""
        self._request.asked.pop(self.call_id, None)
        approval = self._approval
        if approval is not None:
            context.metadata["approval"] = approval
            if approval.arguments is not None:
                arguments = dict(approval.arguments)
        return self.tool.call(arguments, context)

    def _arguments(self) -> dict[str, Any]:
        arguments = decode(self._raw)
        if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
            raise TypeError("the arguments of a tool call must be passed by name")
        return arguments

    def _runtime_context(self) -> RuntimeContext:
        request = self._request
        context = request.context
        metadata = {
            **(context.metadata if context is not None else {}),
            "execution_id": request.execution_id,
            "correlation_id": request.correlation_id or None,
            "call_id": self.call_id,
            # The same on each attempt of the execution.
            "idempotency_key": f"{request.execution_id}:{self.call_id}",
        }
        if request.traceparent:
            metadata["traceparent"] = request.traceparent
        if context is None:
            return RuntimeContext({}, metadata)
        # A copy: what one tool sets, another that runs beside it must not see.
        return RuntimeContext(dict(context.variables), metadata, context.readable)

    # === what a store has of it ===

    def _write_ahead(self) -> bool:
        """Whether the tool may start: it may when the store has the call. May block."""
        if self._ended:
            return False
        durable = self._request.durable
        if durable is None or self._written:
            return True
        self._written = True
        try:
            durable.begin_call(self._execution, self.call_id, resumed=self._approval is not None)
        except Exception:
            self._refused()
            return False
        return True

    def _write(self) -> None:
        """Writes what became of it. May block."""
        durable = self._request.durable
        if durable is not None:
            try:
                durable.record(self._execution)
            except Exception:
                self._refused()

    def _refused(self) -> None:
        # The caller is told: `DurableExecution.error`.
        self._end()
        self._execution.cancel()

    # === ends ===

    def _reply(self, value: Any) -> None:
        """Sends the tool's result. Raises ``ValueError`` where it cannot be sent; nothing is sent then."""
        if self._is_late():
            self._fail(None)
            return
        # CrewAI's ToolFailure: returned, and meant as an exception. Of the class: an instance may answer to any name.
        declared = getattr(type(value), "as_agent_message", None)
        if callable(declared):
            raise ToolFailure(declared(value))
        encoded = encode(value, root="result", limit=self._request.value_limit).encode()
        if self._end():
            self._send(lambda: self._execution.send_value(self.call_id, encoded))

    def _fail(self, error: BaseException | None) -> None:
        """Sends what the tool raised: type, message and nearest builtin exception; no traceback and no path."""
        if self._abandoned and not isinstance(error, Exception):
            return  # cancelled since the execution is over: whether it did anything is uncertain
        if error is None or self._is_late():
            # The executor has told the program the same.
            error = TimeoutError(f"the tool did not answer within {self._request.tool_call_time} s")
        kind, message, builtin = describe(error)
        if self._end():
            _log.info("tool `%s` failed: %s", self.name, kind, exc_info=error)
            self._send(lambda: self._execution.send_failure(self.call_id, kind, message, builtin))

    def _suspend(self, waits: Suspend) -> None:
        """Leaves the call open. May block where the execution is durable."""
        try:
            encode(waits.data, root="data")
        except ValueError as error:
            self._fail(error)
            return
        if not self._end():
            return
        request, asked = self._request, Asked(str(waits.reason), waits.data)
        request.asked[self.call_id] = asked
        if request.durable is not None:
            try:
                request.durable.ask(self._execution, self.call_id, asked)
            except Exception:
                self._refused()
                return
        self._send(lambda: self._execution.suspend(self.call_id))

    def _is_late(self) -> bool:
        limit = self._request.tool_call_time
        return limit is not None and time.perf_counter() - self._started >= limit

    def abandon(self) -> None:
        """Nobody waits for its reply any more. A durable execution still wants to know how it ended."""
        self._abandoned = True
        if self._request.durable is None or not self._written:
            self._end()

    def _end(self) -> bool:
        with self._lock:  # the execution's end and the tool's may come at once, in two threads
            if self._ended:
                return False
            self._ended = True
            return True

    def _send(self, send: Callable[[], object]) -> None:
        try:
            send()
        except Exception as error:
            # The execution is over; whoever waits for its events is told. A lost connection is no reason: the reply
            # joins the journal, and the next executor gets it.
            _log.debug("the reply of tool `%s` was not sent: %s", self.name, error)
