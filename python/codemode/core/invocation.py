"""One tool call, from the program's arguments to the reply: decode, validate, call, encode, send, record.

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
from typing import TYPE_CHECKING, Any

from codemode._values import decode, encode, to_json
from codemode.core import open_telemetry
from codemode.core.arguments import from_pydantic
from codemode.core.context import RuntimeContext, set_context_of
from codemode.core.models import ToolCall

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.registration import ToolRegistration
    from codemode.core.request import Request

MAX_MESSAGE = 8 * 1024  # bytes of an exception's message: more only fills an agent's context
MAX_PREVIEW = 4 * 1024  # characters of a tool call's arguments that the result keeps

_log = logging.getLogger("codemode.tools")


class ToolFailure(Exception):
    """A failure that a tool returned."""


class Invocation:
    """A tool call of one execution. Ends exactly once: by a reply, a failure or `abandon`."""

    def __init__(
        self, execution: _codemode.Execution, request: Request, call: tuple[int, str, bytes], context: Context
    ) -> None:
        """``call``: id, tool name and encoded arguments. ``context``: the context variables it runs with."""
        self.call_id, self.name, self._raw = call
        self.tool: ToolRegistration | None = request.tools.get(self.name)
        self._execution = execution
        self._request = request
        self._context = context
        self._lock = threading.Lock()
        self._args_json = ""
        self._error: str | None = None
        self._started = time.perf_counter()
        self._ended: float | None = None

    @property
    def is_async(self) -> bool:
        """Whether the tool needs an event loop."""
        return self.tool is not None and self.tool.is_async

    def serve(self, on_awaitable: Callable[[Invocation, Awaitable[Any]], object]) -> None:
        """Serves the call in this thread. A tool that returns an awaitable is handed to ``on_awaitable``."""
        try:
            value = self._context.run(self._call)
            if inspect.isawaitable(value):
                on_awaitable(self, value)
            else:
                self._reply(value)
        except BaseException as error:  # a KeyboardInterrupt too: signals reach only the main thread
            self._fail(error)

    def spawn(self, create_task: Callable[[Any], Any], awaitable: Awaitable[Any] | None = None) -> Any:
        """Serves the call in a new task, or finishes it by ``awaitable``, which its tool returned."""
        return self._context.run(create_task, self._serve_async(awaitable))

    async def _serve_async(self, awaitable: Awaitable[Any] | None) -> None:
        try:
            value = self._call() if awaitable is None else awaitable
            if inspect.isawaitable(value):
                value = await value
            self._reply(value)
        except BaseException as error:  # a CancelledError too: nobody awaits this task, the program awaits a reply
            self._fail(error)
            # Python raises it in whatever the main thread runs: there it is the user's, elsewhere the tool's own.
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise

    def _call(self) -> Any:
        self._args_json = _preview(self._raw)
        if self.tool is None:
            raise LookupError(f"no tool `{self.name}` in this execution")
        arguments = decode(self._raw)
        self._raw = b""
        if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
            raise TypeError("the arguments of a tool call must be passed by name")
        context = self._runtime_context()
        set_context_of(self._request.registry, context)
        open_telemetry.join(self._request.traceparent)
        return self.tool.call(arguments, context)

    def _runtime_context(self) -> RuntimeContext:
        request = self._request
        context = request.context
        metadata = {
            **(context.metadata if context is not None else {}),
            "execution_id": request.execution_id,
            "correlation_id": request.correlation_id or None,
            "call_id": self.call_id,
            "idempotency_key": f"{request.execution_id}:{self.call_id}",
        }
        if request.traceparent:
            metadata["traceparent"] = request.traceparent
        if context is None:
            return RuntimeContext({}, metadata)
        # A copy: what one tool sets, another that runs beside it must not see.
        return RuntimeContext(dict(context.variables), metadata, context.readable)

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
        if self._end(None):
            self._send(lambda: self._execution.send_value(self.call_id, encoded))

    def _fail(self, error: BaseException | None) -> None:
        """Sends what the tool raised: type, message and nearest builtin exception; no traceback and no path."""
        if error is None or self._is_late():
            # The executor has told the program the same.
            error = TimeoutError(f"the tool did not answer within {self._request.tool_call_time} s")
        kind, message, builtin = describe(error)
        if self._end(f"{kind}: {message}" if message else kind):
            _log.info("tool `%s` failed: %s", self.name, kind, exc_info=error)
            self._send(lambda: self._execution.send_failure(self.call_id, kind, message, builtin))

    def _is_late(self) -> bool:
        limit = self._request.tool_call_time
        return limit is not None and time.perf_counter() - self._started >= limit

    def abandon(self, reason: str) -> None:
        """Ends the record without a reply: nobody waits for it any more."""
        self._end(reason)

    def _end(self, error: str | None) -> bool:
        with self._lock:  # the execution's end and the tool's may come at once, in two threads
            if self._ended is not None:
                return False
            self._error, self._ended = error, time.perf_counter()
            return True

    def _send(self, send: Callable[[], object]) -> None:
        try:
            send()
        except Exception as error:
            # The execution is over or its connection is lost; whoever waits for its events is told.
            _log.debug("the reply of tool `%s` was not sent: %s", self.name, error)

    def record(self, begin: float) -> ToolCall:
        """The call for the result. ``begin``: when the execution began, by `time.perf_counter`."""
        ended = self._ended if self._ended is not None else time.perf_counter()
        return ToolCall(
            name=self.name,
            args_json=self._args_json or _preview(self._raw),
            status="success" if self._error is None else "error",
            duration_ms=round((ended - self._started) * 1000, 3),
            error=self._error,
            started_ms=round((self._started - begin) * 1000, 3),
        )


def describe(error: BaseException) -> tuple[str, str, str]:
    """The type's name, the message, and the name of the nearest builtin exception, empty where it is `Exception`."""
    kind = type(error).__name__
    try:
        if kind == "ValidationError" and type(error).__module__.startswith("pydantic"):
            error = from_pydantic(error, None)  # type: ignore[arg-type]
        message = str(error)
    except Exception:  # a __str__ that raises
        message = ""
    encoded = message.encode(errors="replace")
    if len(encoded) > MAX_MESSAGE:
        message = encoded[: MAX_MESSAGE - 3].decode(errors="ignore") + "…"
    else:
        message = encoded.decode()
    for base in type(error).__mro__:
        if base.__module__ == "builtins" and issubclass(base, Exception):
            name = base.__name__
            return kind, message, "" if name in ("Exception", "ExceptionGroup") else name
    return kind, message, ""


def _preview(raw: bytes) -> str:
    if len(raw) > MAX_PREVIEW:
        return raw[:MAX_PREVIEW].decode(errors="ignore") + "…"
    try:
        return to_json(raw)
    except ValueError:
        return raw.decode(errors="replace")
