"""The guide to approvals: its examples run, in order, as one module."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codemode.core.context import reset_context

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "approvals.md"


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = GUIDE.read_text()
    examples = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(examples) == text.count("```python") >= 5
    module = ModuleType("approvals_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    try:
        for example in examples:
            line = text.count("\n", 0, example.start(1))
            code = compile("\n" * line + example[1], str(GUIDE), "exec")  # a failure names the guide's own line
            exec(code, vars(module))
    finally:
        for name in ("codemode", "store"):
            if hasattr(module, name):
                getattr(module, name).close()
        reset_context()
