"""The reference page of all settings is the one that the configurations' fields give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from codemode.config.loader import MODELS
from codemode.config.setting import settings_of

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def test_the_page_is_up_to_date() -> None:
    program = "import runpy, sys; sys.stdout.buffer.write(runpy.run_path(sys.argv[1])['page']().encode())"
    generator = FOLDER / "generate_configuration.py"
    written = subprocess.run([sys.executable, "-c", program, generator], capture_output=True, timeout=60, check=True)
    page = (FOLDER / "configuration.md").read_text(encoding="utf-8")
    assert page == written.stdout.decode(), "run: python docs/reference/generate_configuration.py"


def test_every_setting_is_described_and_listed() -> None:
    page = (FOLDER / "configuration.md").read_text(encoding="utf-8")
    for model in MODELS.values():
        for setting in settings_of(model):
            assert setting.field.description, setting.key
            assert page.count(f"| `{setting.key}` |") >= 1
            assert setting.variable is None or f"`{setting.variable}`" in page
