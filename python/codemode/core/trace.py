"""Records of tool calls by correlation id, for applications that collect them apart from results, and trace contexts.

An `ExecutionResult` has its own calls as ``tool_calls``. A collector is for code that has only the correlation id, such
as a log exporter; it is bounded in time and number, for nobody may ever ask.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codemode.core.names import described
from codemode.core.open_telemetry import within

if TYPE_CHECKING:
    from codemode.core.models import ToolCall

__all__ = ["CallTraceCollector", "args_to_json", "get_global_collector", "maybe_otel_span"]


# Of all collectors, so that a forked child, in which nobody would release it, can replace it.
_lock = threading.Lock()


def _renew_lock() -> None:
    global _lock  # noqa: PLW0603  # one for each process
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@dataclass
class _Trace:
    calls: deque[ToolCall]
    recorded: float


class CallTraceCollector:
    """Tool calls by correlation id. Safe to use from several threads."""

    def __init__(
        self,
        max_correlations: int = 1000,
        ttl_seconds: float = 300.0,
        *,
        max_calls: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """An empty collector.

        Args:
            max_correlations: Of more correlation ids, the one that was recorded longest ago is forgotten.
            ttl_seconds: A correlation id is forgotten this long after its last call.
            max_calls: Of more calls of one correlation id, the first are forgotten.
            clock: Tells the time in seconds.

        Raises:
            ValueError: A bound is not more than 0.
        """
        for argument, bound in (
            ("max_correlations", max_correlations),
            ("ttl_seconds", ttl_seconds),
            ("max_calls", max_calls),
        ):
            if not bound > 0:
                raise ValueError(f"`{argument}` of a trace collector must be more than 0, not {bound}")
        self._max_correlations = max_correlations
        self._ttl = ttl_seconds
        self._max_calls = max_calls
        self._clock = clock
        self._traces: OrderedDict[str, _Trace] = OrderedDict()  # the one that was recorded longest ago comes first

    def record(self, correlation_id: str | None, call: ToolCall) -> None:
        """Adds a call. Without a correlation id nothing is kept."""
        if not correlation_id:
            return
        with _lock:
            now = self._forget_expired()
            trace = self._traces.get(correlation_id)
            if trace is None:
                trace = self._traces[correlation_id] = _Trace(deque(maxlen=self._max_calls), now)
            trace.calls.append(call)
            trace.recorded = now
            self._traces.move_to_end(correlation_id)
            while len(self._traces) > self._max_correlations:
                self._traces.popitem(last=False)

    def drain(self, correlation_id: str | None) -> list[ToolCall]:
        """Returns the calls of a correlation id, in the order in which they were recorded, and forgets them."""
        if not correlation_id:
            return []
        with _lock:
            self._forget_expired()
            trace = self._traces.pop(correlation_id, None)
            return list(trace.calls) if trace is not None else []

    def __len__(self) -> int:
        with _lock:
            self._forget_expired()
            return len(self._traces)

    def _forget_expired(self) -> float:
        now = self._clock()
        while self._traces:
            first = next(iter(self._traces))
            if now - self._traces[first].recorded < self._ttl:
                break
            del self._traces[first]
        return now


_global: CallTraceCollector | None = None


def get_global_collector() -> CallTraceCollector:
    """The process's collector, made at the first call."""
    global _global  # noqa: PLW0603  # made once, under the lock
    with _lock:
        if _global is None:
            _global = CallTraceCollector()
        return _global


def args_to_json(arguments: Mapping[str, Any] | None) -> str:
    """The arguments of a call as a JSON document, as a program's values are sent; never raises.

    An argument that has no such form is named by its type.
    """
    from codemode._values import encode, to_json

    given = dict(arguments or {})
    try:
        return to_json(encode(given, root="arguments"))
    except (ValueError, TypeError, RecursionError):
        pass
    shown: dict[str, Any] = {}
    for name, value in given.items():
        try:
            shown[str(name)] = json.loads(to_json(encode(value, root="argument")))
        except (ValueError, TypeError, RecursionError):
            shown[str(name)] = f"<{described(value)}>"
    return json.dumps(shown, ensure_ascii=False)


@contextmanager
def maybe_otel_span(traceparent: str | None) -> Iterator[None]:
    """Makes the caller's span the current one of OpenTelemetry, so that spans begun inside are its children.

    Nothing happens where ``traceparent`` is None, empty or malformed, or where opentelemetry is not installed.
    """
    if not traceparent:
        yield
        return
    try:
        from opentelemetry import context as otel
    except ImportError:
        yield
        return
    token = otel.attach(within(traceparent))
    try:
        yield
    finally:
        otel.detach(token)
