"""Reads the specification: the document as sections, each with what it says in order.

A paragraph that begins with ``**Label:**`` labels what follows it, a table, a list or a block of code. Nothing is known
here of what the document is about; `cases` turns it into checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_LABEL = re.compile(r"\*\*([^*]+):\*\*\s*(.*)", re.DOTALL)
_NAMED = re.compile(r"`([^`]+)`:\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Paragraph:
    """Prose; ``label`` where it began with one."""

    text: str
    label: str | None
    line: int


@dataclass(frozen=True)
class Code:
    """A fenced block."""

    text: str
    language: str
    label: str | None
    line: int


@dataclass(frozen=True)
class Row:
    """One row of a table, by the titles of its columns, without the backticks around a cell."""

    cells: dict[str, str]
    label: str | None
    line: int


@dataclass(frozen=True)
class Bullet:
    """One item of a list. ``name``: what it has in backticks before a colon."""

    name: str | None
    text: str
    label: str | None
    line: int


@dataclass
class Section:
    """A heading and what stands under it, up to the next heading of any level."""

    title: str
    level: int
    line: int
    parents: tuple[str, ...]
    body: list[Paragraph | Code | Row | Bullet] = field(default_factory=list)

    def code(self) -> list[Code]:
        return [part for part in self.body if isinstance(part, Code)]

    def rows(self) -> list[Row]:
        return [part for part in self.body if isinstance(part, Row)]

    def bullets(self) -> list[Bullet]:
        return [part for part in self.body if isinstance(part, Bullet)]

    def paragraphs(self) -> list[Paragraph]:
        return [part for part in self.body if isinstance(part, Paragraph)]


def read(text: str) -> list[Section]:
    """The sections of a document, in its order."""
    sections: list[Section] = []
    label: str | None = None
    columns: list[str] = []
    tokens = iter(MarkdownIt("commonmark").enable("table").parse(text))
    for token in tokens:
        line = (token.map or [0])[0] + 1
        if token.type == "heading_open":
            level, title = int(token.tag[1:]), _inline(tokens)
            above = [section for section in sections if section.level < level]
            sections.append(Section(title, level, line, _parents(above, level)))
            label = None
        elif token.type == "paragraph_open":
            content = _inline(tokens)
            found = _LABEL.match(content)
            if found is None:
                sections[-1].body.append(Paragraph(content, None, line))
                continue
            label = found[1]
            sections[-1].body.append(Paragraph(found[2], label, line))
        elif token.type == "fence":
            sections[-1].body.append(Code(token.content, token.info.strip(), label, line))
        elif token.type == "thead_open":
            columns = [cell.strip("`") for cell in _cells(tokens, "thead_close")]
        elif token.type == "tr_open":
            cells = [_bare(cell) for cell in _cells(tokens, "tr_close")]
            sections[-1].body.append(Row(dict(zip(columns, cells, strict=True)), label, line))
        elif token.type == "list_item_open":
            content = _item(tokens)
            named = _NAMED.match(content)
            name, content = (named[1], named[2]) if named is not None else (None, content)
            sections[-1].body.append(Bullet(name, content, label, line))
    return sections


def _parents(above: list[Section], level: int) -> tuple[str, ...]:
    parents: list[str] = []
    for section in reversed(above):
        if section.level < level:
            parents.insert(0, section.title)
            level = section.level
    return tuple(parents)


def _inline(tokens: Iterator[Token]) -> str:
    return next(token for token in tokens if token.type == "inline").content


def _item(tokens: Iterator[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type == "list_item_close":
            break
        if token.type == "inline":
            parts.append(token.content)
    return " ".join(parts)


def _cells(tokens: Iterator[Token], end: str) -> list[str]:
    cells = []
    for token in tokens:
        if token.type == end:
            break
        if token.type == "inline":
            cells.append(token.content)
    return cells


def _bare(cell: str) -> str:
    code = re.fullmatch(r"`([^`]*)`", cell)
    return code[1] if code is not None else cell
