"""Turns the document into checks: each heading, import, signature, row, sentence and example becomes one `Case`.

Reading the document imports nothing of the package; what it lacks fails in the case that needs it. Whatever this module
does not know, a label, a heading, a kind of block, becomes a case that fails: nothing in the document is passed over.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from . import claims, descriptions, examples, raises, returns, surface
from .annotations import fits, members, text_of
from .document import Bullet, Code, Paragraph, Row, Section, read
from .surface import CONSTRUCTOR, ODDITIES, Entry
from .world import World, finish

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "core-api.md"

_GROUPS = {
    "Class Methods",
    "Instance Methods",
    "Methods",
    "Context Managers",
    "Tool Registration",
    "Context Management",
    "Module-Level Context Functions",
}
_VARIABLES = "Required Environment Variables"
_LABELS = {"Parameters", "Returns", "Raises", "Example", "Format", "Thread Safety", _VARIABLES}
_SAME_AS = re.compile(r"Same as `(\w+)\(\)`")


@dataclass(frozen=True)
class Case:
    """One check.

    Attributes:
        kind: What of the document it is: ``signature``, ``parameter``, ``raises``, …
        name: Which one.
        line: Where it stands.
        check: Raises where the package is not as the document says.
        needs_crewai: Whether it needs a real crewai.
    """

    kind: str
    name: str
    line: int
    check: Callable[[World], Any]
    needs_crewai: bool = False

    @property
    def id(self) -> str:
        return f"{self.kind}: {self.name}"


def all_cases(text: str | None = None) -> list[Case]:
    """The cases of the document, or of ``text``, with unique ids."""
    sections = read(DOCUMENT.read_text() if text is None else text)
    found: list[Case] = []
    seen: Counter[str] = Counter()
    for case in _cases(sections):
        seen[case.id] += 1
        number = f" ({seen[case.id]})" if seen[case.id] > 1 else ""
        found.append(Case(case.kind, case.name + number, case.line, case.check, case.needs_crewai))
    return found


def _cases(sections: list[Section]) -> Iterator[Case]:
    chapter = sections[0]
    entries: dict[str, Entry] = {}
    for section in sections:
        if section.level <= 2:
            chapter = section
        blocks = section.code()
        entry = None
        signature = surface.definition(section, blocks[0].text) if blocks and section.level > 2 else None
        if signature is not None:
            entry = Entry(chapter, section, signature)
            entries[entry.name] = entry
            yield Case("signature", entry.name, blocks[0].line, _signature(entry))
        name = entry.name if entry else _place(chapter, section)
        yield Case("heading", name, section.line, _heading(chapter, section, entry))
        for part in section.body:
            if entry is None or part is not blocks[0]:
                yield from _part(part, name, entry, entries, sections)


def _part(
    part: Paragraph | Code | Row | Bullet,
    name: str,
    entry: Entry | None,
    entries: dict[str, Entry],
    sections: list[Section],
) -> Iterator[Case]:
    if part.label is not None and part.label not in _LABELS:
        yield Case("label", f"{name} {part.label}", part.line, _fail(f"nothing is known of the label `{part.label}`"))
    elif isinstance(part, Code):
        yield from _code(part, name)
    elif isinstance(part, Row) and entry is not None and part.label == "Parameters":
        parameter = part.cells.get("Name", "").strip("*")
        yield Case("parameter", f"{name} {parameter}", part.line, _parameter(entry, part, parameter))
        if "Description" in part.cells:
            check = _described(name, parameter, part.cells["Description"])
            yield Case("description", f"{name} {parameter}", part.line, check)
    elif isinstance(part, Bullet) and part.label == "Raises" and part.name:
        yield Case("raises", f"{name} {part.name}", part.line, _raises(name, part, sections))
    elif isinstance(part, Bullet) and part.label == _VARIABLES and part.name and entry is not None:
        yield Case("variable", f"{name} {part.name}", part.line, _variable(entry, part.name))
    elif isinstance(part, Paragraph):
        yield from _paragraph(part, name, entry, entries)
    else:
        yield Case("label", f"{name} {part.label}", part.line, _fail(f"nothing is known of this {type(part).__name__}"))


def _code(part: Code, name: str) -> Iterator[Case]:
    if part.language != "python":
        yield Case("example", name, part.line, _fail(f"nothing is known of a block in `{part.language}`"))
        return

    def run(world: World) -> None:
        examples.run(part.text, part.line, world)

    kind = "import" if part.label is None and surface.is_imports(part.text) else "example"
    yield Case(kind, name, part.line, run, needs_crewai=examples.needs_crewai(part.text))


def _paragraph(part: Paragraph, name: str, entry: Entry | None, entries: dict[str, Entry]) -> Iterator[Case]:
    if not part.text:
        return  # the label of a table, a list or an example
    if part.label == "Returns":
        assert entry is not None, f"line {part.line}: a `Returns` without a signature"
        check = _returns(entry, part.text)
        yield Case("returns", name, part.line, check, needs_crewai="CodemodeTool" in part.text)
    elif part.label == "Parameters":
        found = _SAME_AS.fullmatch(part.text)
        other = entries.get(f"{name.rpartition('.')[0]}.{found[1]}") if found else None
        if entry is None or other is None:
            yield Case("parameter", name, part.line, _fail(f"nothing is known of `{part.text}`"))
        else:
            yield Case("parameter", f"{name} same as {other.section.title}", part.line, _same(entry, other))
    else:
        yield Case("claim", f"{name} {part.text[:50]}", part.line, _claim(name, part.text))


# === checks ===


def _fail(message: str) -> Callable[[World], None]:
    def check(_world: World) -> None:
        raise AssertionError(message)

    return check


def _signature(entry: Entry) -> Callable[[World], None]:
    def check(_world: World) -> None:
        found = surface.differences(entry)
        assert not found, f"`{entry.name}`: " + "; ".join(found)

    return check


def _heading(chapter: Section, section: Section, entry: Entry | None) -> Callable[[World], None]:
    def check(_world: World) -> None:
        if section.level == 1:
            for name in re.findall(r"`(codemode[\w.]*)`", " ".join(part.text for part in section.paragraphs())):
                importlib.import_module(name)
        elif entry is not None:
            expected = ODDITIES.get(section.title, section.title)
            assert section.title == CONSTRUCTOR or entry.definition.name == expected, (
                f"the heading `{section.title}` stands above the signature of `{entry.definition.name}`"
            )
            entry.raw()
        elif section.level == 2:
            if section.title != "Exceptions":
                surface.owner(chapter)
        elif chapter.title == "Exceptions":
            surface.imported(section)
        else:
            assert section.title in _GROUPS, f"nothing in the package is known by the heading `{section.title}`"

    return check


def _parameter(entry: Entry, row: Row, name: str) -> Callable[[World], None]:
    def check(_world: World) -> None:
        parameters = entry.signature().parameters
        assert name in parameters, f"`{entry.name}` has no parameter `{name}`"
        ours = text_of(parameters[name].annotation)
        assert fits(row.cells["Type"], ours, loose=True), f"`{name}` is `{ours}`, not `{row.cells['Type']}`"
        if "Default" in row.cells:
            text, real = row.cells["Default"], parameters[name].default
            if text == "-":
                assert real is parameters[name].empty, f"`{name}` has the default {real!r}, not none"
            else:
                assert surface.same_default(ast.literal_eval(text), real), (
                    f"`{name}` is {real!r} by default, not {text}"
                )

    return check


def _described(name: str, parameter: str, text: str) -> Callable[[World], Any]:
    proof = descriptions.DESCRIPTIONS.get((name, parameter, text))
    if proof is not None:
        return proof
    return _nothing if text in descriptions.PLAIN else _fail(f"no proof that `{parameter}` is {text!r}")


def _nothing(_world: World) -> None:
    """For sentences that the other cases of their entry prove."""


def _same(entry: Entry, other: Entry) -> Callable[[World], None]:
    def check(_world: World) -> None:
        ours, theirs = ([str(one) for one in which.signature().parameters.values()] for which in (entry, other))
        assert ours == theirs, f"`{entry.name}` takes {ours}, `{other.name}` {theirs}"

    return check


def _raises(name: str, row: Bullet, sections: list[Section]) -> Callable[[World], None]:
    def check(world: World) -> None:
        expected = surface.exception(row.name or "", sections)
        provocations = raises.PROVOCATIONS.get((name, row.name or "", row.text))
        assert provocations, f"nothing provokes `{row.name}` of `{name}`: {row.text}"
        for provoke in provocations:
            try:
                finish(provoke(world))
            except expected:
                continue
            raise AssertionError(f"`{name}` did not raise {row.name}: {row.text}")

    return check


def _returns(entry: Entry, text: str) -> Callable[[World], None]:
    def check(world: World) -> None:
        calls = returns.CALLS.get((entry.name, text))
        assert calls is not None, f"nothing calls `{entry.name}` to see that it returns {text!r}"
        annotation = ast.unparse(entry.definition.returns) if entry.definition.returns else "None"
        types = tuple(_type(member) for member in members(annotation))
        pairs = list(finish(calls(world)))
        assert pairs, f"`{entry.name}` was not called"
        for value, expected in pairs:
            assert isinstance(value, types), f"`{entry.name}` returned {value!r}, not `{annotation}`"
            assert expected is returns.ANYTHING or value == expected, f"{value!r} is not {expected!r}"

    return check


def _type(member: str) -> type:
    module, _, name = returns.TYPES[member.partition("[")[0]].partition(":")
    found = type(None) if name == "NoneType" else getattr(importlib.import_module(module), name)
    assert isinstance(found, type)
    return found


def _variable(entry: Entry, name: str) -> Callable[[World], None]:
    def check(world: World) -> None:
        listed = [part.name for part in entry.section.bullets() if part.label == _VARIABLES and part.name]
        values = {"CODEMODE_EXECUTOR_URL": world.url, "CODEMODE_EXECUTOR_API_KEY": world.key}
        settings = {variable: values.get(variable, "1") for variable in listed}
        call = getattr(entry.owner(), entry.member)
        with mock.patch.dict(os.environ, settings):
            world.closing(call())
            del os.environ[name]
            try:
                world.closing(call())
            except ValueError as error:
                assert name in str(error), f"the error does not name {name}: {error}"
            else:
                raise AssertionError(f"`{entry.name}` does not need {name}")

    return check


def _claim(name: str, text: str) -> Callable[[World], Any]:
    proof = claims.CLAIMS.get((name, text))
    if proof is not None:
        return proof
    return _nothing if text in claims.PLAIN else _fail(f"no proof of the sentence {text!r}")


def _place(chapter: Section, section: Section) -> str:
    return section.title if section is chapter else f"{chapter.title}.{section.title}"


def run(case: Case, world: World) -> None:
    """Runs a case; a check that is a coroutine function runs in a loop."""
    finish(case.check(world))
