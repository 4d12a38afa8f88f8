"""One execution as it is asked for: what `ExecutorClient` prepares and the dispatchers carry out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from codemode import _codemode
    from codemode.core.context import RuntimeContext
    from codemode.core.registration import ToolRegistration

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
        limits: What is asked of the executor.
        deadline: Seconds for the whole request.
        execution_id: Unique for each execution.
        correlation_id: For tracing; empty for none.
        context: The runtime context of the tools.
        registry: The registry whose context it is.
        value_limit: Bytes that a tool's result may take, where the caller set a limit.
        on_output: Where output is streamed to.
    """

    code: str
    tools: Mapping[str, ToolRegistration]
    tool_set: _codemode.ToolSet
    config: bytes
    limits: _codemode.Limits
    deadline: float
    execution_id: str
    correlation_id: str
    context: RuntimeContext | None = None
    registry: Any = None
    value_limit: int | None = None
    on_output: OutputSink | None = None

    def start(self, connection: _codemode.Connection) -> _codemode.Execution:
        """Begins it. Returns at once."""
        return connection.start(
            self.code,
            self.tool_set,
            config=self.config,
            limits=self.limits,
            execution_id=self.execution_id,
            correlation_id=self.correlation_id,
            deadline=self.deadline,
            stream_output=self.on_output is not None,
        )
