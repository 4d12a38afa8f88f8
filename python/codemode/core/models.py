"""What an execution returns: `ExecutionResult` and its parts.

Frozen dataclasses, so that importing them costs no pydantic; pydantic and FastAPI accept them as field types.
Also importable from ``codemode.executor.models``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict

from codemode.core.approvals import PendingCall  # pydantic resolves these annotations at runtime
from codemode.core.checkpoint import Checkpoint
from codemode.core.journal import Journal

_OPAQUE = ("journal", "checkpoint")  # fields that have a form of their own, and are larger than all else

Outcome = Literal["completed", "failed", "rejected", "timed_out", "cancelled", "killed", "suspended"]


class LimitOptions(TypedDict, total=False):
    """Limits that a caller may ask of the executor, which lowers each to its own ceiling. Absent: its default.

    Times are in seconds, sizes in bytes.
    """

    cpu_time: float
    memory: int
    output: int
    tool_calls: int
    code: int
    value: int
    open_files: int
    tasks: int
    tool_call_time: float


@dataclass(frozen=True)
class ExecutionError:
    """Why a program did not complete.

    Attributes:
        error_type: The exception's type name; ``Timeout``, ``LimitExceeded`` or ``Cancelled`` where the program did
            not end by an exception of its own.
        message: The exception's message, or which limit was exceeded and how to raise it.
        traceback: The program's own lines, as ``<program>``, with their text.
        line: 1-based line of the program, of the innermost frame.
        column: 1-based column in that line.
    """

    error_type: str
    message: str
    traceback: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class ToolCall:
    """One tool call of an execution, as the application saw it.

    Attributes:
        name: The tool.
        args_json: The arguments as a JSON document; cut at 4 KiB, then it ends in ``…``.
        status: ``success``; ``error`` where the tool raised, its result could not be sent, or the execution ended
            before the tool returned; ``suspended`` where it waits for an answer.
        duration_ms: How long it took, validation included.
        error: ``Type: message``.
        started_ms: When it began, in milliseconds from the begin of the execution.
    """

    name: str
    args_json: str = ""
    status: Literal["success", "error", "suspended"] = "success"
    duration_ms: float = 0.0
    error: str | None = None
    started_ms: float = 0.0


@dataclass(frozen=True)
class Usage:
    """What an execution used, as the executor measured it. Times in seconds, sizes in bytes."""

    wall_time: float = 0.0
    queue_time: float = 0.0
    cpu_time: float = 0.0
    peak_memory: int = 0
    tool_calls: int = 0
    output: int = 0
    output_dropped: int = 0


@dataclass(frozen=True)
class ExecutionResult:
    """How an execution ended and what it produced.

    Attributes:
        success: Whether the program ran to its end.
        result: The value as a JSON document: ``'4'``, ``'"hello"'``, ``'null'``; None where there is no success.
        value: The value as a Python object, lossless (bytes, datetimes, sets, …).
        stdout: What the program printed.
        stderr: What it wrote to standard error.
        error: One line: type, message and program line.
        error_details: The same in parts, with the traceback.
        correlation_id: The id that was sent, for tracing.
        duration_ms: From the request to its end, as the client saw it.
        tool_calls: In the order of their begin.
        code: The program.
        outcome: How it ended.
        limit: The limit or crash that ended it (``memory``, ``cpu_time``, ``crash``, …).
        usage: What it used.
        execution_id: Unique for each execution.
        jail_profile: The profile that the worker ran under.
        journal: The tool calls as data, by which an execution can go on elsewhere; None where nothing was sent.
        attempts: How often it was sent to an executor: more than 1 where one was lost or had no room.
        replayed_calls: How many of its tool calls the last attempt took from the journal, without calling the tool.
        pending: The tool calls that wait for an answer, where the outcome is ``suspended``.
        checkpoint: What `Codemode.resume` goes on from, where the outcome is ``suspended``.
    """

    success: bool
    result: str | None = None
    stdout: str = ""
    stderr: str = ""
    error: str | None = None
    error_details: ExecutionError | None = None
    correlation_id: str | None = None
    duration_ms: float | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)
    code: str | None = None
    value: Any = None
    outcome: Outcome = "completed"
    limit: str | None = None
    usage: Usage = field(default_factory=Usage)
    execution_id: str | None = None
    jail_profile: str | None = None
    journal: Journal | None = None
    attempts: int = 0
    replayed_calls: int = 0
    pending: list[PendingCall] = field(default_factory=list)
    checkpoint: Checkpoint | None = None

    def __post_init__(self) -> None:
        if not self.success and self.outcome == "completed":
            object.__setattr__(self, "outcome", "failed")

    def to_dict(self) -> dict[str, Any]:
        """All fields but the journal and the checkpoint as JSON data.

        ``value`` is `result` parsed: what JSON lacks is in its plain JSON form, in ``pending`` too.
        """
        data: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _OPAQUE}
        data["value"] = json.loads(self.result) if self.result is not None else None
        data["error_details"] = asdict(self.error_details) if self.error_details is not None else None
        data["tool_calls"] = [asdict(call) for call in self.tool_calls]
        data["usage"] = asdict(self.usage)
        data["pending"] = [call.to_dict() for call in self.pending]
        return data

    def to_json(self) -> str:
        """`to_dict` as one JSON document."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    # The names that users of pydantic models know.

    def model_dump(self) -> dict[str, Any]:
        """As `to_dict`."""
        return self.to_dict()

    def model_dump_json(self) -> str:
        """As `to_json`."""
        return self.to_json()

    @classmethod
    def success_result(
        cls,
        result: str | None,
        stdout: str = "",
        stderr: str = "",
        correlation_id: str | None = None,
        duration_ms: float | None = None,
    ) -> ExecutionResult:
        """The result of a program that completed, for tests of code that takes one. ``result`` is a JSON document."""
        return cls(
            success=True,
            result=result,
            value=_parsed(result),
            stdout=stdout,
            stderr=stderr,
            correlation_id=correlation_id,
            duration_ms=duration_ms,
        )

    @classmethod
    def error_result(
        cls,
        error: str,
        stdout: str = "",
        stderr: str = "",
        error_details: ExecutionError | None = None,
        correlation_id: str | None = None,
        duration_ms: float | None = None,
    ) -> ExecutionResult:
        """The result of a program that failed, for tests of code that takes one."""
        return cls(
            success=False,
            error=error,
            stdout=stdout,
            stderr=stderr,
            error_details=error_details,
            correlation_id=correlation_id,
            duration_ms=duration_ms,
        )


def _parsed(document: str | None) -> Any:
    if document is None:
        return None
    try:
        return json.loads(document)
    except ValueError:
        return document
