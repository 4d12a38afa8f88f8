"""The caller's trace, where the application uses OpenTelemetry: an execution uses it where it is loaded already."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context


def current_traceparent() -> str:
    """The W3C trace context of the current span; empty where there is none."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return ""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return ""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def within(traceparent: str) -> Context:
    """The current context with the span of ``traceparent`` as the current one; as it is where that is malformed."""
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, context.get_current())


def join(traceparent: str) -> None:
    """Makes a span from elsewhere the current one, for the rest of this context: its own copy of the context variables.

    A span that is current already is not replaced.
    """
    if not traceparent or "opentelemetry.trace" not in sys.modules or current_traceparent() == traceparent:
        return
    from opentelemetry import context

    context.attach(within(traceparent))
