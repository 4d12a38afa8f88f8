"""The package is what its specification says: one test for each heading, signature, row, sentence and example of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

import pytest

from tests.adapters.frameworks import need

from . import claims, descriptions, raises, returns
from .cases import DOCUMENT, Case, all_cases, run
from .document import Bullet, Code, Paragraph, Row, read
from .world import World

CASES = all_cases()
EDITION = "064c1b9d5808bd44d6bd416ed30dc5b5179a8ced4f9b10cbfd5a88c450a074b2"


def parameters() -> list[object]:
    return [pytest.param(case, id=case.id, marks=[pytest.mark.adapters] if case.needs_crewai else []) for case in CASES]


@pytest.mark.parametrize("case", parameters())
def test_the_package_is_as_specified(case: Case, world: World, record_property: pytest.RecordProperty) -> None:  # type: ignore[name-defined]
    record_property("specification", case.kind)
    if case.needs_crewai:
        need("crewai", whole_module=False)
    run(case, world)


def test_every_proof_is_of_a_sentence_that_the_document_has() -> None:
    sections = read(DOCUMENT.read_text())
    parts = [part for section in sections for part in section.body]
    sentences = {part.text for part in parts if isinstance(part, Paragraph)}
    cells = {part.cells.get("Description") for part in parts if isinstance(part, Row)}
    conditions = {(part.name, part.text) for part in parts if isinstance(part, Bullet) and part.label == "Raises"}
    assert {text for _, text in claims.CLAIMS} | claims.PLAIN <= sentences
    assert {text for _, text in returns.CALLS} <= sentences
    assert {text for *_, text in descriptions.DESCRIPTIONS} | descriptions.PLAIN <= cells
    assert {(name, text) for _, name, text in raises.PROVOCATIONS} == conditions


def test_the_document_is_the_specification_byte_for_byte() -> None:
    # A new edition of it changes this line, and then whatever it asks for fails until it is there.
    assert hashlib.sha256(DOCUMENT.read_bytes()).hexdigest() == EDITION


def test_nothing_of_the_document_is_passed_over() -> None:
    lines = DOCUMENT.read_text().splitlines()
    fences = [line for line in lines if line.startswith("```")]
    prose = [line for line in lines if line and not line.startswith(("```", "|", "- ", "---"))]
    counted = Counter(type(part) for section in read(DOCUMENT.read_text()) for part in section.body)
    assert counted[Code] == len(fences) / 2
    assert counted[Row] == sum(line.startswith("| `") for line in lines)
    assert counted[Bullet] == sum(line.startswith("- ") for line in lines)
    assert len(read(DOCUMENT.read_text())) == len(re.findall(r"^#{1,4} [^\n]+\n\n", "\n".join(lines), re.MULTILINE))
    assert counted[Paragraph] == sum(line in set(prose) for line in _outside_of_code(lines))


def _outside_of_code(lines: list[str]) -> list[str]:
    outside, inside = [], False
    for line in lines:
        if line.startswith("```"):
            inside = not inside
        elif not inside and not line.startswith("#"):
            outside.append(line)
    return outside
