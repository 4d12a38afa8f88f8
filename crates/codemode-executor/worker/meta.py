"""The meta-tools `__list__`, `__search__` and `__schema__`: what a program asks to learn which tools it has.

They are answered here, from what came with the START frame: no call leaves the worker, and none counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from .errors import unknown_tool

if TYPE_CHECKING:
    from .tools import Tool

    ByName = dict[str, Tool]


class MetaTool:
    """Called like a tool: `tools['__list__'].run()`."""

    def __init__(self, name: str, answer: Callable[..., dict[str, Any]], tools: ByName) -> None:
        self.name = name
        self.is_async = False
        self.description = str(answer.__doc__)
        self._answer = answer
        self._tools = tools

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self._answer(self._tools, *args, **kwargs)

    __call__ = run

    async def run_async(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return self._answer(self._tools, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<meta-tool {self.name}>"


def _list(tools: ByName) -> dict[str, Any]:
    """Lists the tools."""
    return {"tools": [_entry(tool) for tool in tools.values()], "count": len(tools)}


def _search(tools: ByName, query: str) -> dict[str, Any]:
    """Finds tools by any word of the query in their name or description."""
    terms = str(query).lower().split()
    by_name, by_description = [], []
    for tool in tools.values():
        if any(term in tool.name.lower() for term in terms):
            by_name.append({**_entry(tool), "match_type": "name"})
        elif any(term in tool.description.lower() for term in terms):
            by_description.append({**_entry(tool), "match_type": "description"})
    matches = by_name + by_description
    return {"matches": matches, "count": len(matches), "query": query}


def _schema(tools: ByName, name: str) -> dict[str, Any]:
    """Shows the schemas of a tool's arguments and value."""
    tool = tools.get(name)
    if tool is None:
        raise unknown_tool(tools, name, "KeyError")
    return {
        "tool_name": tool.name,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
        "description": tool.description,
        "is_async": tool.is_async,
    }


def _entry(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "is_async": tool.is_async,
        "parameters": list(tool.parameters),
        "has_input_schema": bool(tool._input_schema),
        "has_output_schema": bool(tool._output_schema),
    }


META_TOOLS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "__list__": _list,
    "__search__": _search,
    "__schema__": _schema,
}

for _name, _answer in META_TOOLS.items():
    _answer.__qualname__ = f"tools[{_name!r}].run"  # What a TypeError about its arguments calls it.
