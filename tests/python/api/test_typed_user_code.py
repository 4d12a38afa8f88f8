"""User code with type annotations passes `mypy --strict`, and what is wrong in it does not."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed: pip install --group lint")

ROOT = Path(__file__).parents[3]
USER_CODE = Path(__file__).with_name("typed_user_code.py")


def checked(file: Path) -> str:
    """What mypy says of ``file``, a user's. The package is read as it is imported, and not reported on."""
    options = ["--strict", "--config-file=", "--no-error-summary", "--follow-imports=silent", "--no-color-output"]
    command = [sys.executable, "-m", "mypy", *options, f"--cache-dir={ROOT / '.mypy_cache' / 'user_code'}", str(file)]
    environment = {"MYPYPATH": str(ROOT / "python"), "PATH": "", "COLUMNS": "400"}
    return subprocess.run(command, capture_output=True, text=True, cwd=file.parent, env=environment).stdout


def test_it_is_accepted() -> None:
    assert checked(USER_CODE) == ""


def test_mistakes_are_found(tmp_path: Path) -> None:
    file = tmp_path / "mistakes.py"
    file.write_text(
        "from codemode import RuntimeContext, tool\n"
        "from codemode.tools import ContextAwareTool\n"
        "@tool\n"
        "def bare(x: int) -> int: return x\n"
        "bare('1')\n"
        "RuntimeContext(readable=1)\n"
        "class Weather(ContextAwareTool):\n"
        "    def run_with_context(self) -> str: return ''\n"
    )
    found = [(line.split(":")[1], line.rpartition("[")[2]) for line in checked(file).splitlines() if "error:" in line]
    assert found == [("5", "arg-type]"), ("6", "arg-type]"), ("8", "override]")]
