"""Reads `docs/migration.md`: its tables by the section that they stand in, and its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.spec.document import Section, read

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"
CONFIGURATION = PAGE.with_name("reference") / "configuration.md"


@cache
def sections() -> dict[str, Section]:
    return {section.title: section for section in read(PAGE.read_text())}


def rows(title: str) -> list[dict[str, str]]:
    """The rows of a section's table; backticks around a whole cell are dropped."""
    return [row.cells for row in sections()[title].rows()]


def examples() -> Iterator[tuple[int, str]]:
    """Line and text of each block of Python."""
    for section in sections().values():
        for block in section.code():
            if block.language == "python":
                yield block.line, block.text


def variables_in_force() -> tuple[set[str], set[str]]:
    """The environment variables that `configuration.md` says are read, and those that it says are gone."""
    read_there: set[str] = set()
    gone: set[str] = set()
    for section in read(CONFIGURATION.read_text()):
        is_gone = "Gone" in section.title or "no setting has any more" in section.title
        for row in section.rows():
            cells = " ".join(row.cells.get(column, "") for column in ("variable", "variable, flag"))
            (gone if is_gone else read_there).update(re.findall(r"\b[A-Z][A-Z_]+[A-Z]\b", cells))
        for paragraph in section.paragraphs():
            read_there.update(re.findall(r"`(CODEMODE_[A-Z_]+)`", paragraph.text))
    return read_there, gone
