"""What holds where a framework is not installed, or not yet imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

import codemode.integrations
from codemode import ComponentRegistry, ExecutorClient
from codemode.integrations import crewai, google_adk

from . import frameworks

CREWAI = "CrewAI is required for {}: pip install 'codemode[crewai]'"
ADK = "Google ADK is required for a CodemodeAdkTool: pip install 'codemode[google-adk]'"


@pytest.fixture
def client() -> ExecutorClient:
    return ExecutorClient("http://127.0.0.1:9", "key")


@pytest.fixture
def no_crewai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crewai, "CREWAI_AVAILABLE", False)


@pytest.mark.usefixtures("no_crewai")
def test_crewai_is_asked_for_when_it_is_needed(client: ExecutorClient) -> None:
    registry = ComponentRegistry()
    tool = CREWAI.format("a CodemodeTool")
    for make, message in (
        (lambda: crewai.CodemodeTool(registry, client), tool),
        (lambda: crewai.create_codemode_tool(registry, client), tool),
        (lambda: crewai.CrewAIIntegration(registry), CREWAI.format("a CrewAIIntegration")),
        (lambda: crewai.create_crewai_integration(registry), CREWAI.format("a CrewAIIntegration")),
    ):
        with pytest.raises(ImportError) as raised:
            make()
        assert (str(raised.value), raised.value.name) == (message, "crewai")


def test_adk_is_asked_for_when_it_is_needed(client: ExecutorClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_adk, "ADK_AVAILABLE", False)
    registry = ComponentRegistry()
    for make in (google_adk.CodemodeAdkTool, google_adk.create_google_adk_tool):
        with pytest.raises(ImportError) as raised:
            make(registry, client)
        assert (str(raised.value), raised.value.name) == (ADK, "google.adk")


def test_importing_the_adapters_imports_no_framework_and_finds_none_that_is_missing() -> None:
    program = """
import sys
import codemode.integrations, codemode.integrations.crewai, codemode.integrations.google_adk
print(*(name for name in ("crewai", "google.adk", "grpc", "yaml") if name in sys.modules))
for name in [name for name in sys.modules if name.startswith("codemode.")]:
    del sys.modules[name]
sys.modules["crewai"] = sys.modules["google.adk"] = None
from codemode.integrations import ADK_AVAILABLE, CREWAI_AVAILABLE, CodemodeTool
print(ADK_AVAILABLE, CREWAI_AVAILABLE, CodemodeTool.__name__)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "False False CodemodeTool"]


def test_public_names() -> None:
    for module in (codemode.integrations, crewai, google_adk):
        for name in module.__all__:
            assert hasattr(module, name), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = codemode.integrations.nothing
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crewai.nothing


@pytest.mark.parametrize(
    ("asked", "required"),
    [("", False), ("1", True), ("crewai", True), ("google-adk, crewai", True), ("google-adk", False)],
)
def test_a_framework_that_is_asked_for_must_be_there(
    asked: str, required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEMODE_REQUIRE_ADAPTERS", asked)
    monkeypatch.setitem(frameworks.AVAILABLE, "crewai", False)
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match="crewai is not installed"):
        frameworks.need("crewai")
