"""What tools are made of: the decorator ``@tool``, ``ContextAwareTool``, the meta-tools and functions for schemas.

Names are loaded when they are first used, as in the package itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codemode.tools.base import ContextAwareTool as ContextAwareTool
    from codemode.tools.base import RuntimeContext as RuntimeContext
    from codemode.tools.base import ToolContextRequirements as ToolContextRequirements
    from codemode.tools.decorator import clear_decorated_tools as clear_decorated_tools
    from codemode.tools.decorator import get_decorated_tools as get_decorated_tools
    from codemode.tools.decorator import get_tool_metadata as get_tool_metadata
    from codemode.tools.decorator import is_tool as is_tool
    from codemode.tools.decorator import tool as tool
    from codemode.tools.meta import GetSchemaMetaTool as GetSchemaMetaTool
    from codemode.tools.meta import ListToolsMetaTool as ListToolsMetaTool
    from codemode.tools.meta import SearchToolsMetaTool as SearchToolsMetaTool
    from codemode.tools.meta import register_meta_tools as register_meta_tools
    from codemode.tools.schema import ToolRegistration as ToolRegistration
    from codemode.tools.schema import dict_to_json_schema as dict_to_json_schema
    from codemode.tools.schema import extract_description as extract_description
    from codemode.tools.schema import json_string_to_schema as json_string_to_schema
    from codemode.tools.schema import normalize_schema as normalize_schema
    from codemode.tools.schema import pydantic_to_json_schema as pydantic_to_json_schema
    from codemode.tools.schema import schema_to_json_string as schema_to_json_string

_HOMES = {
    "ContextAwareTool": "codemode.tools.base",
    "GetSchemaMetaTool": "codemode.tools.meta",
    "ListToolsMetaTool": "codemode.tools.meta",
    "RuntimeContext": "codemode.tools.base",
    "SearchToolsMetaTool": "codemode.tools.meta",
    "ToolContextRequirements": "codemode.tools.base",
    "ToolRegistration": "codemode.tools.schema",
    "clear_decorated_tools": "codemode.tools.decorator",
    "dict_to_json_schema": "codemode.tools.schema",
    "extract_description": "codemode.tools.schema",
    "get_decorated_tools": "codemode.tools.decorator",
    "get_tool_metadata": "codemode.tools.decorator",
    "is_tool": "codemode.tools.decorator",
    "json_string_to_schema": "codemode.tools.schema",
    "normalize_schema": "codemode.tools.schema",
    "pydantic_to_json_schema": "codemode.tools.schema",
    "register_meta_tools": "codemode.tools.meta",
    "schema_to_json_string": "codemode.tools.schema",
    "tool": "codemode.tools.decorator",
}

__all__ = [
    "ContextAwareTool",
    "GetSchemaMetaTool",
    "ListToolsMetaTool",
    "RuntimeContext",
    "SearchToolsMetaTool",
    "ToolContextRequirements",
    "ToolRegistration",
    "clear_decorated_tools",
    "dict_to_json_schema",
    "extract_description",
    "get_decorated_tools",
    "get_tool_metadata",
    "is_tool",
    "json_string_to_schema",
    "normalize_schema",
    "pydantic_to_json_schema",
    "register_meta_tools",
    "schema_to_json_string",
    "tool",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode.tools' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
