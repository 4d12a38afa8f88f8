"""The guide to tools: its examples run, in order, as one module."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codemode.core.context import reset_context
from codemode.tools import clear_decorated_tools

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "tools.md"


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GUIDE.read_text()
    examples = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(examples) == text.count("```python") >= 9
    module = ModuleType("tools_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    try:
        for example in examples:
            line = text.count("\n", 0, example.start(1))
            code = compile("\n" * line + example[1], str(GUIDE), "exec")  # a failure names the guide's own line
            exec(code, vars(module))
    finally:
        if hasattr(module, "codemode"):
            module.codemode.close()
        clear_decorated_tools()
        reset_context()
