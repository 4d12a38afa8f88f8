"""`CodemodeTool` itself. Imports CrewAI; taken from `codemode.integrations.crewai`, which does not."""

from __future__ import annotations

from typing import Any

from crewai.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from codemode.integrations.crewai import CodemodeToolInput
from codemode.integrations.program_tool import ProgramTool


class CodemodeTool(BaseTool):
    """A CrewAI tool that runs the programs that an agent writes.

    The tools that a program calls see the runtime context of where CrewAI calls this tool: see `CrewAIIntegration`.

    Attributes:
        registry: The tools of the programs.
        executor_client: What runs the programs.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "codemode"
    description: str = ""
    args_schema: type[BaseModel] = CodemodeToolInput
    registry: Any = Field(default=None, exclude=True, repr=False)
    executor_client: Any = Field(default=None, exclude=True, repr=False)

    _program_tool: ProgramTool = PrivateAttr()
    _described: str = PrivateAttr()

    def __init__(
        self,
        registry: Any,
        executor_client: Any,
        description: str | None = None,
        tool_filter: list[str] | None = None,
        execution_timeout: float | None = None,
        tool_call_timeout: float | None = None,
        max_code_length: int | None = None,
        description_suffix: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Prepares the tool. Nothing is sent.

        Args:
            registry: A `ComponentRegistry` or `ScopedRegistry`; what is registered later counts too.
            executor_client: An `ExecutorClient`.
            description: What the model reads, instead of the guide and the tools' signatures.
            tool_filter: Names of the tools that programs may call. Default: all of the registry.
            execution_timeout: Seconds for a program. Default: ``code_timeout`` or ``execution_timeout`` of the
                registry's configuration, else the client's timeout less a margin (30 of 35).
            tool_call_timeout: Seconds for one tool call. Default: as the registry's configuration has it.
            max_code_length: Characters of a program. Default: as the registry's configuration has it.
            description_suffix: Added to the description, after a blank line.
            **kwargs: Fields of CrewAI's own, such as ``name`` or ``result_as_answer``.
        """
        program_tool = ProgramTool(
            registry,
            executor_client,
            description=description,
            tool_filter=tool_filter,
            execution_timeout=execution_timeout,
            tool_call_timeout=tool_call_timeout,
            max_code_length=max_code_length,
            description_suffix=description_suffix,
        )
        # The same program may find other data, or run for another user: CrewAI must not answer it from its cache.
        kwargs.setdefault("cache_function", _never)
        described = program_tool.description
        fields = {"registry": program_tool.registry, "executor_client": executor_client, "description": described}
        super().__init__(**fields, **kwargs)
        self._program_tool = program_tool
        self._described = described

    def _run(self, code: str) -> str:
        return self._program_tool.run(code)

    async def _arun(self, code: str) -> str:
        return await self._program_tool.run_async(code)

    def to_structured_tool(self) -> Any:
        """As CrewAI has it: called when an agent begins a task. The description is brought up to date first."""
        if self.description == self._described:  # nobody has set another
            self.description = self._described = self._program_tool.description
        return super().to_structured_tool()

    def __repr__(self) -> str:
        return f"CodemodeTool(name={self.name!r}, tools={len(self.registry.tools)})"


def _never(_arguments: Any = None, _result: Any = None) -> bool:
    return False
