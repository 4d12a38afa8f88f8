"""The ADK ``FunctionTool`` of a `CodemodeAdkTool`. Imports ADK; used by `codemode.integrations.google_adk`.

ADK builds a tool's declaration from its function, once. This one puts in the description that holds now.
"""
# No `from __future__ import annotations`: ADK reads the function's annotations, and its older releases not as text.

from typing import Any, Protocol

from google.adk.tools import FunctionTool, ToolContext


class _Executes(Protocol):
    @property
    def description(self) -> str: ...

    async def _execute(self, code: str, tool_context: Any = None) -> str: ...


class CodemodeFunctionTool(FunctionTool):
    """What an ADK agent calls: ``codemode(code)``."""

    def __init__(self, tool: _Executes) -> None:
        async def codemode(code: str, tool_context: ToolContext) -> str:
            """Executes a Python program that calls tools."""
            return await tool._execute(code, tool_context)

        self._tool = tool
        super().__init__(codemode)

    @property
    def description(self) -> str:
        """What the model reads."""
        return self._tool.description

    @description.setter
    def description(self, _: str) -> None:
        """ADK sets the function's docstring: it is not used."""

    def _get_declaration(self) -> Any:
        declaration = super()._get_declaration()
        if declaration is not None:
            declaration.description = self.description
        return declaration
