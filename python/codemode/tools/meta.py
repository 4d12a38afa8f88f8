"""The meta-tools, for the application: what ``__list__``, ``__schema__`` and ``__search__`` say of a registry.

A program's own meta-tools are answered in its worker, from the tools of its execution; these give the same documents
for the same tools, so that a prompt can be built from what the program would see. Every registry has them, as
``registry.get_tool("__list__")``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from codemode.core.errors import UnknownToolError
from codemode.core.names import described
from codemode.core.registration import ToolRegistration, document

if TYPE_CHECKING:
    from codemode.core.registry import ComponentRegistry


class _MetaTool:
    def __init__(self, registry: ComponentRegistry) -> None:
        """``registry``: whose tools it tells of, as they are at each call."""
        self._registry = registry


class ListToolsMetaTool(_MetaTool):
    """``__list__``."""

    description = "Lists the tools."

    def run(self) -> dict[str, Any]:
        """Returns ``{"tools": […], "count": …}``."""
        entries = [_entry(tool) for tool in self._registry.get_tool_registrations().values()]
        return {"tools": entries, "count": len(entries)}

    async def run_async(self) -> dict[str, Any]:
        """As `run`."""
        return self.run()


class SearchToolsMetaTool(_MetaTool):
    """``__search__``."""

    description = "Finds tools by any word of the query in their name or description."

    def run(self, query: str) -> dict[str, Any]:
        """Returns ``{"matches": […], "count": …, "query": …}``: first the matches by name, then by description."""
        words = str(query).lower().split()
        found: dict[str, list[dict[str, Any]]] = {"name": [], "description": []}
        for tool in self._registry.get_tool_registrations().values():
            for where, text in (("name", tool.name), ("description", tool.description)):
                if any(word in text.lower() for word in words):
                    found[where].append({**_entry(tool), "match_type": where})
                    break
        matches = [*found["name"], *found["description"]]
        return {"matches": matches, "count": len(matches), "query": query}

    async def run_async(self, query: str) -> dict[str, Any]:
        """As `run`."""
        return self.run(query)


class GetSchemaMetaTool(_MetaTool):
    """``__schema__``."""

    description = "Shows the schemas of a tool's arguments and value."

    def run(self, name: str) -> dict[str, Any]:
        """Returns ``{"tool_name", "input_schema", "output_schema", "description", "is_async"}``.

        Raises:
            UnknownToolError: There is no such tool. It is a ``ValueError``.
        """
        tools = self._registry.get_tool_registrations()
        tool = tools.get(name)
        if tool is None:
            raise UnknownToolError([name], sorted(tools))
        return {
            "tool_name": tool.name,
            "input_schema": _sent(tool.input_schema),
            "output_schema": _sent(tool.output_schema),
            "description": tool.description,
            "is_async": tool.is_async,
        }

    async def run_async(self, name: str) -> dict[str, Any]:
        """As `run`."""
        return self.run(name)


META_TOOLS: dict[str, type[ListToolsMetaTool | SearchToolsMetaTool | GetSchemaMetaTool]] = {
    "__list__": ListToolsMetaTool,
    "__search__": SearchToolsMetaTool,
    "__schema__": GetSchemaMetaTool,
}


def register_meta_tools(registry: ComponentRegistry) -> None:
    """Checks that ``registry`` has the meta-tools. Every registry has them, so there is nothing to add.

    Raises:
        TypeError: It is not a registry.
    """
    try:
        for name in META_TOOLS:
            registry.get_tool(name)
    except AttributeError:
        raise TypeError(f"`registry` must be a ComponentRegistry, not {described(registry)}") from None


def _entry(tool: ToolRegistration) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "is_async": tool.is_async,
        "parameters": list(tool.parameters),
        "has_input_schema": bool(tool.input_schema),
        "has_output_schema": bool(tool.output_schema),
    }


def _sent(schema: Any) -> Any:
    # As it arrives in the worker: JSON data, and a copy that the caller may change.
    text = document(schema)
    return json.loads(text) if text else None
