"""The tool that every adapter is: a registry, a client and settings. A program goes in, a text comes out.

The text is for the agent's model (`reply`, `description`); what happened goes to the logger ``codemode.integrations``.
Nothing but cancellation and the like is raised: a framework would show an exception, with its addresses, to the model.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from codemode.core.context import RuntimeContext
from codemode.core.errors import ExecutorClientError
from codemode.integrations import reply
from codemode.integrations.description import compose, describe

if TYPE_CHECKING:
    from codemode.core.executor_client import ExecutorClient
    from codemode.core.models import ExecutionResult
    from codemode.core.registration import ToolRegistration
    from codemode.core.registry import ComponentRegistry
    from codemode.core.scoped_registry import ScopedRegistry

Context = Callable[[], "RuntimeContext | None"]
"""Finds the runtime context of a call. None: that which is current for the registry."""

_MARGIN = 5.0  # seconds of a request that are left for the connection and the queue, next to the program
_DEFAULT_TIMEOUT = 30.0  # where the client does not say how long a request may take

_log = logging.getLogger("codemode.integrations")


class ProgramTool:
    """Runs the programs of an agent's model.

    Attributes:
        registry: The tools: a scope of what was given, where there is a filter.
        executor_client: What runs the programs.
    """

    def __init__(
        self,
        registry: ComponentRegistry | ScopedRegistry,
        executor_client: ExecutorClient,
        *,
        description: str | None = None,
        tool_filter: list[str] | None = None,
        execution_timeout: float | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        description_suffix: str | None = None,
    ) -> None:
        """Prepares the tool. Each of the three limits: where None, the registry's configuration is asked at each call.

        Args:
            registry: The tools; what is registered later counts too.
            executor_client: What runs the programs.
            description: What the model reads, instead of the guide and the tools' signatures.
            tool_filter: Names of the tools that programs may call. Default: all of the registry.
            execution_timeout: Seconds for a program. In the configuration: ``code_timeout``, ``execution_timeout``.
                Default: the client's timeout less a margin (30 of 35).
            tool_call_timeout: Seconds for one tool call.
            max_code_length: Characters of a program.
            description_suffix: Added to the description, after a blank line.
        """
        self.registry = registry if tool_filter is None else registry.scoped(tool_filter)
        self.executor_client = executor_client
        self._description = description
        self._suffix = description_suffix
        self._limits = {
            "execution_timeout": execution_timeout,
            "tool_call_timeout": tool_call_timeout,
            "max_code_length": max_code_length,
        }
        if tool_filter is not None:
            missing = sorted({*tool_filter} - self._tools().keys())
            if missing:
                _log.warning("tool_filter names tools that are not registered, or not yet: %s", ", ".join(missing))

    @property
    def description(self) -> str:
        """What the model reads, made from what is registered now."""
        base = self._description
        return compose(describe(self._tools().values()) if base is None else base, self._suffix)

    def run(self, code: str, context: Context | None = None) -> str:
        """Runs a program and waits for its end: from any thread, inside or outside of a running event loop."""
        if not _is_program(code):
            return reply.of_no_program()
        try:
            return self._ended(self.executor_client.execute(code=code, **self._options(context)))
        except Exception as error:
            return _not_run(error)

    async def run_async(self, code: str, context: Context | None = None) -> str:
        """As `run`, without blocking the event loop. Cancelling the task cancels the program."""
        if not _is_program(code):
            return reply.of_no_program()
        try:
            return self._ended(await self.executor_client.execute_async(code=code, **self._options(context)))
        except Exception as error:
            return _not_run(error)

    def limit(self, name: str) -> Any:
        """A limit: as it was given, else the registry's configuration, else None."""
        given = self._limits[name]
        names = ("code_timeout", name) if name == "execution_timeout" else (name,)
        candidates = (given, *(self.registry.get_config(each) for each in names))
        return next((value for value in candidates if value is not None), None)

    def _tools(self) -> dict[str, ToolRegistration]:
        return self.registry.get_tool_registrations()

    def _options(self, context: Context | None) -> dict[str, Any]:
        options: dict[str, Any] = {
            "available_tools": list(self._tools()),
            "config": dict(self.registry.config),
            "context": context() if context is not None else self.registry.get_context(),
            "registry": self.registry,
        }
        if getattr(self.executor_client, "keeps_checkpoints", False):
            # The model cannot go on with a program that waits; the application can, from its store.
            options["durable"] = True
        whole = getattr(self.executor_client, "timeout", None)
        timeout = self.limit("execution_timeout")
        if timeout is None:
            timeout = whole - min(_MARGIN, whole / 7) if whole is not None else _DEFAULT_TIMEOUT
        elif whole is not None and timeout + _MARGIN > whole:
            # A longer time that was asked for expressly is not cut by the client's default deadline.
            options["timeout"] = timeout + _MARGIN
        options["execution_timeout"] = timeout
        for name in ("tool_call_timeout", "max_code_length"):
            value = self.limit(name)
            if value is not None:
                options[name] = value
        return options

    def _ended(self, result: ExecutionResult) -> str:
        if result.success:
            _log.debug("program completed (correlation id %s, %s ms)", result.correlation_id, result.duration_ms)
        else:
            _log.info("program %s: %s (correlation id %s)", result.outcome, result.error, result.correlation_id)
        return reply.of_result(result)

    def __repr__(self) -> str:
        return f"ProgramTool({len(self._tools())} tools)"


def _is_program(code: Any) -> bool:
    return isinstance(code, str) and bool(code.strip())


def _not_run(error: Exception) -> str:
    if isinstance(error, ExecutorClientError):
        _log.warning("program not run: %s (correlation id %s)", error, error.correlation_id)
        return reply.of_executor_error(error)
    _log.error("program not run: %s", type(error).__name__, exc_info=error)
    return reply.of_unexpected_error()
