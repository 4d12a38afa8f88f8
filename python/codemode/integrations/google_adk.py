"""Google ADK: `CodemodeAdkTool`, which gives an ADK agent a tool that runs programs.

Importing this module does not import ADK. Without ADK, `ADK_AVAILABLE` is False and `CodemodeAdkTool` raises
``ImportError`` when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from codemode.core.context import RuntimeContext
from codemode.integrations.adk_context import default_context as _default_context_resolver
from codemode.integrations.description import GUIDE
from codemode.integrations.program_tool import ProgramTool

if TYPE_CHECKING:
    from codemode.core.executor_client import ExecutorClient
    from codemode.core.registry import ComponentRegistry
    from codemode.core.scoped_registry import ScopedRegistry

__all__ = ["ADK_AVAILABLE", "DEFAULT_TOOL_DESCRIPTION", "CodemodeAdkTool", "create_google_adk_tool"]

ContextResolver = Callable[[Any], "RuntimeContext | None"]
"""Makes the runtime context of ADK's ``ToolContext``. None: the registry's current context is used."""

DEFAULT_TOOL_DESCRIPTION: str = GUIDE
"""How programs are written, without the tools: a base for descriptions of one's own."""


def _is_available() -> bool:
    try:
        return find_spec("google.adk") is not None
    except ModuleNotFoundError:  # there is not even the namespace `google`
        return False


ADK_AVAILABLE: bool = _is_available()
"""Whether Google ADK is installed."""


class CodemodeAdkTool:
    """Runs the programs that an ADK agent writes. `as_function_tool` is what the agent is given.

    Attributes:
        registry: The tools of the programs.
        executor_client: What runs the programs.
        context_resolver: What makes the runtime context of a call.
    """

    def __init__(
        self,
        registry: ComponentRegistry | ScopedRegistry,
        executor_client: ExecutorClient,
        context_resolver: ContextResolver | None = None,
        description: str | None = None,
        tool_filter: list[str] | None = None,
        execution_timeout: float | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        description_suffix: str | None = None,
    ) -> None:
        """Prepares the tool. Nothing is sent.

        Args:
            registry: The tools of the programs; what is registered later counts too.
            executor_client: What runs the programs.
            context_resolver: Makes the runtime context of a call from ADK's ``ToolContext``. Default: the variables
                ``user_id``, ``app_name``, ``session_id`` and ``invocation_id``, over those of the registry's context.
            description: What the model reads, instead of the guide and the tools' signatures.
            tool_filter: Names of the tools that programs may call. Default: all of the registry.
            execution_timeout: Seconds for a program. Default: ``code_timeout`` or ``execution_timeout`` of the
                registry's configuration, else the client's timeout less a margin (30 of 35).
            tool_call_timeout: Seconds for one tool call. Default: as the registry's configuration has it.
            max_code_length: Characters of a program. Default: as the registry's configuration has it.
            description_suffix: Added to the description, after a blank line.

        Raises:
            ImportError: Google ADK is not installed.
        """
        _require_adk()
        from codemode.integrations.adk_function_tool import CodemodeFunctionTool

        self.context_resolver = context_resolver if context_resolver is not None else _default_context_resolver
        self._program_tool = ProgramTool(
            registry,
            executor_client,
            description=description,
            tool_filter=tool_filter,
            execution_timeout=execution_timeout,
            tool_call_timeout=tool_call_timeout,
            max_code_length=max_code_length,
            description_suffix=description_suffix,
        )
        self.registry = self._program_tool.registry
        self.executor_client = executor_client
        self._function_tool = CodemodeFunctionTool(self)

    @property
    def description(self) -> str:
        """What the model reads, made from what is registered now."""
        return self._program_tool.description

    def as_function_tool(self) -> Any:
        """The ADK ``FunctionTool``, named ``codemode``, for ``Agent(tools=[…])``."""
        return self._function_tool

    async def _execute(self, code: str, tool_context: Any = None) -> str:
        return await self._program_tool.run_async(code, lambda: self._resolve(tool_context))

    def _resolve(self, tool_context: Any) -> RuntimeContext | None:
        context = self.context_resolver(tool_context)
        current = self.registry.get_context()
        if context is None or self.context_resolver is not _default_context_resolver or current is None:
            return context if context is not None else current
        return RuntimeContext(
            {**current.variables, **context.variables},
            {**current.metadata, **context.metadata},
            {*current.readable, *context.readable},
        )

    def __repr__(self) -> str:
        return f"CodemodeAdkTool(tools={len(self.registry.tools)})"


def create_google_adk_tool(
    registry: ComponentRegistry | ScopedRegistry,
    executor_client: ExecutorClient,
    context_resolver: ContextResolver | None = None,
    description: str | None = None,
    tool_filter: list[str] | None = None,
    execution_timeout: float | None = None,
    tool_call_timeout: float | None = None,
    max_code_length: int | None = None,
    description_suffix: str | None = None,
) -> CodemodeAdkTool:
    """Makes a `CodemodeAdkTool`; see there for the arguments.

    Raises:
        ImportError: Google ADK is not installed.
    """
    return CodemodeAdkTool(
        registry=registry,
        executor_client=executor_client,
        context_resolver=context_resolver,
        description=description,
        tool_filter=tool_filter,
        execution_timeout=execution_timeout,
        tool_call_timeout=tool_call_timeout,
        max_code_length=max_code_length,
        description_suffix=description_suffix,
    )


def _require_adk() -> None:
    if not ADK_AVAILABLE:
        raise ImportError(
            "Google ADK is required for a CodemodeAdkTool: pip install 'codemode[google-adk]'", name="google.adk"
        )


def __getattr__(name: str) -> Any:
    if name not in ("FunctionTool", "ToolContext"):  # ADK's own, for code that takes them from here
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not ADK_AVAILABLE:
        return object
    from google.adk import tools

    return getattr(tools, name)
