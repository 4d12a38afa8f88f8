"""The examples of the guides, run as they are; only their model is scripted."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from . import frameworks
from .scripted import Answer

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def run(guide: str, names: dict[str, Any]) -> dict[str, Any]:
    """Runs the Python of a guide from top to bottom. Returns its names."""
    blocks = re.findall(r"^```python\n(.*?)^```", (GUIDES / guide).read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        exec(compile(block, guide, "exec", dont_inherit=True), names)
    return names


def test_crewai(capsys: pytest.CaptureFixture[str]) -> None:
    frameworks.need("crewai", whole_module=False)
    from .scripted_crewai import ScriptedLLM

    program = "sum(order['total'] for order in tools['orders'].run(customer='Ada'))"
    llm = ScriptedLLM([program, Answer("42"), "tools['balance'].run()", Answer("7")])
    names = run("crewai.md", {"llm": llm})
    try:
        assert capsys.readouterr().out.split() == ["42", "7"]
        assert llm.seen.replies == ["7"]
        assert names["tool"].run(code="1") == "1"
        assert names["tool"].description.endswith("\n\nAmounts are in euros.")
    finally:
        names["codemode"].close()


def test_google_adk() -> None:
    frameworks.need("google-adk", whole_module=False)
    from .scripted_google_adk import ScriptedLlm
    from .scripted_google_adk import run as converse

    program = "orders = await tools['orders'].run(customer='Ada')\nsum(order['total'] for order in orders)"
    model = ScriptedLlm([program, Answer("42")])
    names = run("google-adk.md", {"model": model})
    try:
        assert asyncio.run(names["ask"]("What did Ada spend?")) == "42"
        assert model.seen.replies == ["42"]
        later = ScriptedLlm(["tools['mine'].run()", Answer("done")])
        tool = names["codemode"].as_google_adk_tool().as_function_tool()
        seen = asyncio.run(converse(tool, later, user_id="ada"))
        assert seen.replies == ['"ada"']
    finally:
        names["codemode"].close()
