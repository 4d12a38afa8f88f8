"""One execution as it is asked for: what `ExecutorClient` prepares and the dispatchers carry out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from codemode._values import encode
from codemode.core.errors import UnknownToolError
from codemode.core.open_telemetry import current_traceparent

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.answers import Answered
    from codemode.core.approvals import Approve
    from codemode.core.checkpoint import Asked, Checkpoint, Tool
    from codemode.core.context import RuntimeContext
    from codemode.core.durable import DurableExecution
    from codemode.core.models import ExecutionResult
    from codemode.core.registration import ToolRegistration
    from codemode.core.registry import Selection

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

OutputSink = Callable[[Literal["stdout", "stderr"], str], object]
"""Receives what the program prints, as it prints it: never two calls at once, but not always in the same thread."""


@dataclass(frozen=True)
class Request:
    """An execution that is ready to be sent.

    Attributes:
        code: The program.
        tools: The tools that it may call.
        tool_set: The same, for the wire.
        config: The program's global `config`, encoded.
        readable: The program's global `context`, encoded; empty for none.
        limits: What is asked of the executor.
        deadline: Seconds for the whole request.
        execution_id: Unique for each execution.
        correlation_id: For tracing; empty for none.
        traceparent: The W3C trace context; empty for none.
        context: The runtime context of the tools.
        registry: The registry whose context it is.
        value_limit: Bytes that a tool's result may take, where the caller set a limit.
        tool_call_time: Seconds that one tool call may take, where the caller set a limit.
        on_output: Where output is streamed to.
        limit_options: The limits by name, the wall time too.
        descriptions: The tools as they were sent, where the execution is resumed: the registry's may have changed.
        journal: What it goes on from.
        resumed: The calls of the journal that are worked on again; those that were approved with their approval.
        asked: The calls that wait, and why: kept up to date as it runs.
        durable: Where it is stored as it runs.
    """

    code: str
    tools: Mapping[str, ToolRegistration]
    tool_set: _codemode.ToolSet
    config: bytes
    readable: bytes
    limits: _codemode.Limits
    deadline: float
    execution_id: str
    correlation_id: str
    traceparent: str
    context: RuntimeContext | None
    registry: Any
    value_limit: int | None
    tool_call_time: float | None
    on_output: OutputSink | None
    limit_options: Mapping[str, Any] = field(default_factory=dict)
    descriptions: Sequence[Tool] | None = None
    journal: _codemode.Journal | None = None
    resumed: Mapping[int, Approve | None] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    durable: DurableExecution | None = None

    @classmethod
    def prepare(
        cls,
        *,
        code: str,
        available_tools: Sequence[str],
        config: dict[str, Any],
        execution_timeout: float,
        deadline: float,
        execution_id: str,
        correlation_id: str,
        context: RuntimeContext | None,
        traceparent: str | None,
        limits: dict[str, Any],
        registry: Any,
        on_output: OutputSink | None,
    ) -> Request:
        """Chooses the tools and encodes what is sent.

        Raises:
            UnknownToolError: A tool is not registered.
            ValueError: A value cannot be sent; the message names it.
        """
        from codemode import _codemode

        tools, tool_set = selected(registry, available_tools)
        if registry is None:
            readable: dict[str, Any] = context.readable_variables() if context is not None else {}
        else:
            if context is None:
                context = registry.get_context()
            readable = context.readable_variables(registry.readable_context) if context is not None else {}
        return cls(
            code=code,
            tools=tools,
            tool_set=tool_set,
            config=encode(config, root="config").encode() if config else b"",
            readable=encode(readable, root="context").encode() if readable else b"",
            limits=_codemode.Limits(wall_time=float(execution_timeout), **limits),
            deadline=float(deadline),
            execution_id=execution_id,
            correlation_id=correlation_id,
            traceparent=_traceparent(traceparent, context),
            context=context,
            registry=registry,
            value_limit=limits.get("value"),
            tool_call_time=limits.get("tool_call_time"),
            on_output=on_output,
            limit_options={"wall_time": float(execution_timeout), **limits},
        )

    @classmethod
    def resumption(
        cls,
        answered: Answered,
        *,
        tools: Mapping[str, ToolRegistration],
        execution_timeout: float | None,
        deadline: float,
        context: RuntimeContext | None,
        registry: Any,
        on_output: OutputSink | None,
    ) -> Request:
        """What goes on from a checkpoint: the same program with the same tools, config and limits, but for its time."""
        from codemode import _codemode

        checkpoint = answered.checkpoint
        limits = dict(checkpoint.limits)
        if execution_timeout is not None:
            limits["wall_time"] = float(execution_timeout)
        if context is None and registry is not None:
            context = registry.get_context()
        return cls(
            code=checkpoint.code,
            tools=tools,
            tool_set=_codemode.ToolSet(checkpoint.tool_descriptions),
            config=checkpoint.encoded_config,
            readable=checkpoint.readable,
            limits=_codemode.Limits(**limits),
            deadline=float(deadline),
            execution_id=checkpoint.execution_id,
            correlation_id=checkpoint.correlation_id,
            traceparent=checkpoint.traceparent,
            context=context,
            registry=registry,
            value_limit=limits.get("value"),
            tool_call_time=limits.get("tool_call_time"),
            on_output=on_output,
            limit_options=limits,
            descriptions=checkpoint.tool_descriptions,
            journal=checkpoint.journal,
            resumed=answered.resumed,
            asked=dict(checkpoint.asked),
        )

    def checkpoint(self, journal: _codemode.Journal | None) -> Checkpoint:
        """The execution as it is with this journal."""
        from codemode.core.checkpoint import Checkpoint

        waiting = {call_id for call_id, _, _ in journal.pending()} if journal is not None else set()
        return Checkpoint(
            execution_id=self.execution_id,
            code=self.code,
            journal=journal,
            tool_descriptions=self.descriptions or [tool.wire() for tool in self.tools.values()],
            encoded_config=self.config,
            readable=self.readable,
            limits=self.limit_options,
            correlation_id=self.correlation_id,
            traceparent=self.traceparent,
            asked={call_id: why for call_id, why in list(self.asked.items()) if call_id in waiting},
        )

    def rejected(self, max_code_length: int | None) -> ExecutionResult | None:
        """The result of a program that is longer than ``max_code_length`` characters, else None."""
        from codemode.core.results import rejected

        if max_code_length is None or len(self.code) <= max_code_length:
            return None
        message = f"the program has {len(self.code)} characters; `max_code_length` is {max_code_length}"
        return rejected(self, "CodeTooLong", message)

    def start(self, connection: _codemode.Connection) -> _codemode.Execution:
        """Begins it. Returns at once."""
        return connection.start(
            self.code,
            self.tool_set,
            config=self.config,
            context=self.readable,
            limits=self.limits,
            execution_id=self.execution_id,
            correlation_id=self.correlation_id,
            traceparent=self.traceparent,
            deadline=self.deadline,
            stream_output=self.on_output is not None,
            journal=self.journal,
            resumed=list(self.resumed),
        )


def selected(registry: Any, names: Sequence[str]) -> Selection:
    """The tools by these names.

    Raises:
        UnknownToolError: One is not registered, or there is no registry.
    """
    from codemode.core.registry import ComponentRegistry

    if registry is not None:
        selection: Selection = registry.select(names)
        return selection
    wanted = [name for name in names if not name.startswith("__")]
    if wanted:
        raise UnknownToolError(wanted, None)
    return ComponentRegistry().select(())


def _traceparent(given: str | None, context: RuntimeContext | None) -> str:
    if given is not None:
        if not isinstance(given, str):
            raise ValueError(f"traceparent must be a str, not {type(given).__name__}")
        return given
    if context is not None:
        # Often a header of whoever calls the application: a malformed one is no trace, as W3C has it, and no error.
        variable = context.variables.get("traceparent")
        if isinstance(variable, str) and _TRACEPARENT.fullmatch(variable):
            return variable
    return current_traceparent()
