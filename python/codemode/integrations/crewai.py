"""CrewAI: `CodemodeTool`, a CrewAI tool that runs programs, and `CrewAIIntegration`, which gives crews a context.

Importing this module does not import CrewAI; `CodemodeTool` does, when it is first asked for. Without CrewAI,
`CREWAI_AVAILABLE` is False and everything here raises ``ImportError`` when it is called.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from codemode.core.context import RuntimeContext
    from codemode.core.executor_client import ExecutorClient
    from codemode.core.registry import ComponentRegistry
    from codemode.core.scoped_registry import ScopedRegistry
    from codemode.integrations.crewai_tool import CodemodeTool

__all__ = [
    "CREWAI_AVAILABLE",
    "CodemodeTool",
    "CodemodeToolInput",
    "CrewAIIntegration",
    "create_codemode_tool",
    "create_crewai_integration",
]

CREWAI_AVAILABLE: bool = find_spec("crewai") is not None
"""Whether CrewAI is installed."""


class CodemodeToolInput(BaseModel):
    """What the model sends."""

    code: str = Field(
        description="The whole Python program, as plain text. It sets the variable `result` to what is wanted back.",
        min_length=1,
    )


def create_codemode_tool(
    registry: ComponentRegistry | ScopedRegistry,
    executor_client: ExecutorClient,
    tool_filter: list[str] | None = None,
    execution_timeout: float | None = None,
    tool_call_timeout: float | None = None,
    max_code_length: int | None = None,
    description_suffix: str | None = None,
) -> CodemodeTool:
    """Makes a `CodemodeTool`; see there for the arguments.

    Raises:
        ImportError: CrewAI is not installed.
    """
    require_crewai("a CodemodeTool")
    from codemode.integrations.crewai_tool import CodemodeTool

    return CodemodeTool(
        registry=registry,
        executor_client=executor_client,
        tool_filter=tool_filter,
        execution_timeout=execution_timeout,
        tool_call_timeout=tool_call_timeout,
        max_code_length=max_code_length,
        description_suffix=description_suffix,
    )


def create_crewai_integration(registry: ComponentRegistry | ScopedRegistry) -> CrewAIIntegration:
    """Makes a `CrewAIIntegration`.

    Raises:
        ImportError: CrewAI is not installed.
    """
    return CrewAIIntegration(registry)


class CrewAIIntegration:
    """Gives the tools of a registry a runtime context for the time that a crew works.

    Attributes:
        registry: The tools.
    """

    def __init__(self, registry: ComponentRegistry | ScopedRegistry) -> None:
        """``registry``: that of the crew's `CodemodeTool`.

        Raises:
            ImportError: CrewAI is not installed.
        """
        require_crewai("a CrewAIIntegration")
        self.registry = registry

    def wrap_team(self, crew: Any, context: RuntimeContext | None = None) -> Any:
        """Wraps a crew so that the tools of its programs see ``context`` whenever it is kicked off.

        Nothing outside of the kickoff sees the context, so crews can work at the same time, each with its own.

        Args:
            crew: The crew; it is not changed.
            context: What tools see. Default: what is current where the crew is kicked off.

        Returns:
            The crew, wrapped: all that it has can be used as before.

        Raises:
            ImportError: CrewAI is not installed.
        """
        require_crewai("wrapping a crew")
        from codemode.integrations.crew_context import CrewWithContext

        return CrewWithContext(crew, self.registry, context)

    def wrap_crew(self, crew: Any, context: RuntimeContext | None = None) -> Any:
        """The same as `wrap_team`."""
        return self.wrap_team(crew, context)

    def __repr__(self) -> str:
        return f"CrewAIIntegration(registry={self.registry!r})"


def require_crewai(what: str) -> None:
    """Raises ``ImportError``, saying what to install, where there is no CrewAI."""
    if not CREWAI_AVAILABLE:
        raise ImportError(f"CrewAI is required for {what}: pip install 'codemode[crewai]'", name="crewai")


class _Missing:
    """Stands for `CodemodeTool` where CrewAI is not installed."""

    def __init__(self, *_: Any, **__: Any) -> None:
        require_crewai("a CodemodeTool")


_Missing.__name__ = _Missing.__qualname__ = "CodemodeTool"


_LAZY = {
    "CodemodeTool": "codemode.integrations.crewai_tool",
    # CrewAI's own, for code that takes them from here.
    "Agent": "crewai",
    "BaseTool": "crewai.tools",
    "Crew": "crewai",
    "Task": "crewai",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not CREWAI_AVAILABLE:
        return _Missing if name == "CodemodeTool" else object
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
