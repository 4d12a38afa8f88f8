"""Adapters: `codemode` as a tool of an agent framework.

Importing this package imports no framework. A name of an adapter is loaded when it is first used; what a missing
framework makes unusable raises ``ImportError`` when it is called, naming the extra to install.
"""

from __future__ import annotations

_HOMES = {
    "ADK_AVAILABLE": "codemode.integrations.google_adk",
    "CREWAI_AVAILABLE": "codemode.integrations.crewai",
    "CodemodeAdkTool": "codemode.integrations.google_adk",
    "CodemodeTool": "codemode.integrations.crewai",
    "CodemodeToolInput": "codemode.integrations.crewai",
    "CrewAIIntegration": "codemode.integrations.crewai",
    "create_codemode_tool": "codemode.integrations.crewai",
    "create_crewai_integration": "codemode.integrations.crewai",
    "create_google_adk_tool": "codemode.integrations.google_adk",
}

__all__ = [
    "ADK_AVAILABLE",
    "CREWAI_AVAILABLE",
    "CodemodeAdkTool",
    "CodemodeTool",
    "CodemodeToolInput",
    "CrewAIIntegration",
    "create_codemode_tool",
    "create_crewai_integration",
    "create_google_adk_tool",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'codemode.integrations' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
