"""Turns the core's `Finished` into an `ExecutionResult`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from codemode._values import decode, to_json
from codemode.core.journal import Journal
from codemode.core.models import ExecutionError, ExecutionResult, Outcome, ToolCall, Usage

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.request import Request

_TYPES = {"timed_out": "Timeout", "killed": "LimitExceeded", "cancelled": "Cancelled"}


def result_of(
    finished: _codemode.Finished,
    request: Request,
    streamed: tuple[str, str],
    calls: list[ToolCall],
    duration_ms: float,
) -> ExecutionResult:
    """The result of an execution that ended as ``finished`` says. Never raises because of what a worker sent.

    ``streamed``: the standard output and error that came as events; ``finished`` has only what did not.
    """
    common = ExecutionResult(
        success=False,
        stdout=streamed[0] + finished.stdout.decode(errors="replace"),
        stderr=streamed[1] + finished.stderr.decode(errors="replace"),
        correlation_id=request.correlation_id or None,
        duration_ms=duration_ms,
        tool_calls=calls,
        code=request.code,
        outcome=finished.outcome,
        limit=finished.limit or None,
        usage=Usage(
            wall_time=finished.wall_time,
            queue_time=finished.queue_time,
            cpu_time=finished.cpu_time,
            peak_memory=finished.peak_memory,
            tool_calls=finished.tool_calls,
            output=finished.output,
            output_dropped=finished.output_dropped,
        ),
        execution_id=request.execution_id,
        jail_profile=finished.jail_profile or None,
        journal=Journal(finished.journal),
        attempts=finished.attempts,
        replayed_calls=finished.replayed_calls,
    )
    if finished.outcome == "completed":
        encoded = finished.value or b"null"
        try:
            value, text = decode(encoded), to_json(encoded)
        except ValueError as error:  # the worker is not trusted: what it sent may be anything
            details = ExecutionError("LimitExceeded", f"the worker sent a malformed value: {error}")
            return _failed(common, details, "killed", "protocol")
        return dataclasses.replace(common, success=True, outcome="completed", result=text, value=value)
    return _failed(common, _details(finished), finished.outcome, finished.limit or None)


def suspended_of(
    suspended: _codemode.Suspended,
    request: Request,
    streamed: tuple[str, str],
    calls: list[ToolCall],
    duration_ms: float,
) -> ExecutionResult:
    """The result of an execution that waits for answers to its open calls."""
    checkpoint = request.checkpoint(suspended.journal)
    pending = checkpoint.pending
    named = ", ".join(f"{call.call_id} (`{call.tool}`)" for call in pending)
    details = ExecutionError("Suspended", f"it waits for answers to the tool call{'s' * (len(pending) > 1)} {named}")
    return ExecutionResult(
        success=False,
        stdout=streamed[0] + suspended.stdout.decode(errors="replace"),
        stderr=streamed[1] + suspended.stderr.decode(errors="replace"),
        error=_line(details),
        error_details=details,
        correlation_id=request.correlation_id or None,
        duration_ms=duration_ms,
        tool_calls=calls,
        code=request.code,
        outcome="suspended",
        execution_id=request.execution_id,
        journal=Journal(suspended.journal),
        attempts=suspended.attempts,
        pending=pending,
        checkpoint=checkpoint,
    )


def rejected(request: Request, error_type: str, message: str) -> ExecutionResult:
    """The result of a program that was not sent."""
    common = ExecutionResult(
        success=False,
        correlation_id=request.correlation_id or None,
        duration_ms=0.0,
        code=request.code,
        execution_id=request.execution_id,
    )
    return _failed(common, ExecutionError(error_type, message), "rejected", None)


def _failed(common: ExecutionResult, details: ExecutionError, outcome: Outcome, limit: str | None) -> ExecutionResult:
    return dataclasses.replace(common, error=_line(details), error_details=details, outcome=outcome, limit=limit)


def _details(finished: _codemode.Finished) -> ExecutionError:
    return ExecutionError(
        error_type=finished.error_type or _TYPES.get(finished.outcome, "Error"),
        message=finished.error_message or finished.limit_message or _unexplained(finished),
        traceback=finished.traceback or None,
        line=finished.line or None,
        column=finished.column or None,
    )


def _unexplained(finished: _codemode.Finished) -> str:
    # An exception without a message is told by its type.
    return "" if finished.error_type else f"the execution was {finished.outcome}"


def shortened(result: ExecutionResult, frames: int) -> ExecutionResult:
    """The result with the last ``frames`` calls of its traceback."""
    details = result.error_details
    if details is None or not details.traceback:
        return result
    lines = details.traceback.splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if line.startswith("  File ")]
    if len(begins) <= frames:
        return result
    # What follows the last call is the exception itself, which is not indented.
    end = next((n for n in range(begins[-1], len(lines)) if not lines[n].startswith("  ")), len(lines))
    kept = lines[begins[-frames] : end] if frames else []
    left_out = f"  … {len(begins) - frames} calls left out …\n"
    traceback = "".join([*lines[: begins[0]], left_out, *kept, *lines[end:]])
    return dataclasses.replace(result, error_details=dataclasses.replace(details, traceback=traceback))


def _line(details: ExecutionError) -> str:
    where = f" (line {details.line})" if details.line is not None else ""
    named = f"{details.error_type}: {details.message}" if details.message else details.error_type
    return f"{named}{where}"
