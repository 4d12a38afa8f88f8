"""Which frameworks are here, and which have to be.

``CODEMODE_REQUIRE_ADAPTERS`` names them (``crewai``, ``google-adk``, with commas; ``1`` for all): the tests of one that
is named and not installed fail. Without it they are skipped, saying what to install.
"""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from codemode.integrations import crewai, google_adk

AVAILABLE = {"crewai": crewai.CREWAI_AVAILABLE, "google-adk": google_adk.ADK_AVAILABLE}
_MODULES = {"crewai": ("crewai",), "google-adk": ("google.adk.agents", "google.adk.runners", "google.adk.tools")}


def load() -> None:
    """Imports the frameworks that are installed."""
    for framework, modules in _MODULES.items():
        for module in modules if AVAILABLE[framework] else ():
            import_module(module)


def required(framework: str) -> bool:
    """Whether the tests of ``framework`` must run."""
    names = {name.strip() for name in os.environ.get("CODEMODE_REQUIRE_ADAPTERS", "").split(",")}
    return bool(names & {"1", "all", framework})


def need(framework: str, *, whole_module: bool = True) -> None:
    """Skips, or fails, where ``framework`` is not installed."""
    if AVAILABLE[framework]:
        return
    reason = f"{framework} is not installed: make test-adapters, or pip install 'codemode[{framework}]'"
    if required(framework):
        pytest.fail(f"{reason} (CODEMODE_REQUIRE_ADAPTERS asks for it)", pytrace=False)
    pytest.skip(reason, allow_module_level=whole_module)
