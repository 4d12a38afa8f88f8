"""`docs/security/attacks.md` has every program, with what its header says now."""

from __future__ import annotations

import re

import pytest

from . import document
from .headers import Program, load
from .runner import ROOT

PAGE = ROOT / "docs" / "security" / "attacks.md"
ROWS = PAGE.read_text().splitlines() if PAGE.exists() else []
PROGRAMS = load()
AGAIN = "write the page anew: make attacks-page"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_page_has_the_program(program: Program) -> None:
    begin = document.begin_of_row(program)
    rows = [line for line in ROWS if line.startswith(begin)]
    assert len(rows) == 1, f"{program.id} has {len(rows)} rows with what its header says; {AGAIN}"
    layers, observed, container = rows[0].removeprefix(begin).removesuffix(" |").split(" | ")
    assert layers in {document.layers_of(program, measured=measured) for measured in (True, False)}, AGAIN
    assert observed in program.observed, AGAIN
    assert container in {"holds", "works"}


def test_page_has_no_other_program() -> None:
    named = re.findall(r"^\| \[`\w+`\]\(\S*/attacks/(\w+/\w+)\.py\)", PAGE.read_text(), re.MULTILINE)
    assert named == [program.id for program in PROGRAMS], AGAIN
    assert f"| **together** | {len(PROGRAMS)} | {len(PROGRAMS)} |" in PAGE.read_text(), AGAIN
