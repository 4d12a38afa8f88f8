"""The base class of tools that take the runtime context. Any class with `run_with_context` is one without it, too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from codemode.core.context import RuntimeContext, ToolContextRequirements

__all__ = ["ContextAwareTool", "RuntimeContext", "ToolContextRequirements"]


class ContextAwareTool(ABC):
    """A tool that receives the runtime context as its first argument. Its other parameters are the program's.

    Attributes:
        context_requirements: What it needs of the context; checked before each call, where set.
    """

    context_requirements: ToolContextRequirements | None = None

    @abstractmethod
    def run_with_context(self, context: RuntimeContext, *args: Any, **kwargs: Any) -> Any:
        """Runs the tool. May be a coroutine function, and names the program's parameters instead of these two."""

    def run(self, **kwargs: Any) -> Any:
        """Raises ``NotImplementedError``: this tool needs the context."""
        raise NotImplementedError(
            f"`{type(self).__name__}` takes the runtime context: call run_with_context(context, …)"
        )
