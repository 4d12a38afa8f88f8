"""The list of the released package's tests that fail on purpose, and the comparison of it with what happened."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # pytest itself needs it there
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

LIST = Path(__file__).with_name("deliberate.toml")


@dataclass(frozen=True)
class Group:
    """Tests that fail for one reason.

    Attributes:
        patterns: Node ids without the directory; ``::*`` for all tests of a class or file.
        reason: Why they fail, and why that is right.
        failure: What the message of each failure matches.
        framework: The module that must be installed for them to run; empty for none.
    """

    patterns: tuple[str, ...]
    reason: str
    failure: str
    framework: str

    def covers(self, node: str) -> str | None:
        """The pattern that names a test."""
        for pattern in self.patterns:
            if node == pattern or (pattern.endswith("*") and node.startswith(pattern.removesuffix("*"))):
                return pattern
        return None


def read(text: str | None = None) -> list[Group]:
    """The groups of the list."""
    data = tomllib.loads(LIST.read_text() if text is None else text)
    files = [_group(entry, [f"{name}::*" for name in entry["names"]]) for entry in data.get("files", [])]
    return files + [_group(entry, entry["tests"]) for entry in data.get("groups", [])]


def _group(entry: Mapping[str, Any], patterns: list[str]) -> Group:
    return Group(tuple(patterns), entry["reason"], entry["failure"], entry.get("framework", ""))


def compare(outcomes: Mapping[str, Mapping[str, str]], groups: list[Group]) -> Iterator[str]:
    """What is wrong: failures that are not listed or have another reason, and entries that are not true any more.

    Args:
        outcomes: Node id without the directory → ``outcome`` and ``message``.
        groups: Those whose tests ran.
    """
    used: set[str] = set()
    for node, outcome in outcomes.items():
        found = [(group, pattern) for group in groups if (pattern := group.covers(node)) is not None]
        if len(found) > 1:
            yield f"listed twice: {node}"
        used |= {pattern for _, pattern in found}
        if outcome["outcome"] in {"passed", "skipped"}:
            if found:
                yield f"listed, and {outcome['outcome']}: {node}"
        elif not found:
            yield f"{outcome['outcome']}: {node}: {outcome['message'].strip().splitlines()[0]}"
        elif not re.search(found[0][0].failure, outcome["message"]):
            yield f"failed for another reason than `{found[0][0].failure}`: {node}: {outcome['message'].strip()}"
    for group in groups:
        for pattern in group.patterns:
            if pattern not in used:
                yield f"listed, and there is no such test: {pattern}"
