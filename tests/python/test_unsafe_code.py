"""Unsafe Rust: in the jail's crate alone, each block with the argument why it is sound, and counted.

Clippy asks for the argument, but not in the worker's extension, which `rustc` builds by itself. The count is
`docs/security/unsafe-code.txt`, so that a change shows in review; run this file to write it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
INVENTORY = ROOT / "docs/security/unsafe-code.txt"
ALLOWED = "crates/codemode-jail/"

# Comments, strings and characters, in which the word means nothing. A lifetime has no second quote.
BLANKED = re.compile(
    r"""//[^\n]*|/\*.*?\*/|r(\#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\[^\n]*?|[^\\'\n])'""",
    re.DOTALL,
)
UNSAFE = re.compile(r"\bunsafe\b")
# A pointer's type does nothing.
POINTER_TYPE = re.compile(r"unsafe extern \"?[^\"]*\"? ?fn\(")
ARGUMENT = re.compile(r"// SAFETY: \S")
# What is declared does nothing yet: whoever calls it has a block.
DECLARED = re.compile(r"unsafe\s+(?:extern|fn)\b")
MOST_LINES = 12


class Use(NamedTuple):
    path: str
    line: int
    argued: bool


def sources() -> Iterator[Path]:
    for folder in ("crates", "fuzz"):
        for path in (ROOT / folder).rglob("*.rs"):
            parts = path.relative_to(ROOT).parts
            if "target" not in parts and not any(part.startswith(".") for part in parts):
                yield path


def uses(path: Path, root: Path = ROOT) -> Iterator[Use]:
    text = path.read_text("utf-8")
    lines = text.split("\n")
    code = BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in UNSAFE.finditer(code):
        if POINTER_TYPE.match(text, match.start()):
            continue
        line = text.count("\n", 0, match.start())
        argued = DECLARED.match(text, match.start()) is not None or is_argued(lines, line)
        yield Use(path.relative_to(root).as_posix(), line + 1, argued)


def is_argued(lines: list[str], line: int) -> bool:
    """Whether the argument stands before it: over the statement or the item that it is in."""
    for above in range(line, max(-1, line - MOST_LINES), -1):
        if ARGUMENT.search(lines[above].strip()):
            return True
        ended = lines[above].strip()
        # A statement before this one, or the brace that opens the block around it.
        if above < line and (not ended or (not ended.startswith(("//", "#[")) and ended[-1] in ";}{")):
            return False
    return False


def inventory() -> str:
    counts: dict[str, int] = {}
    for path in sorted(sources()):
        for use in uses(path):
            counts[use.path] = counts.get(use.path, 0) + 1
    rows = [f"{count:4} {path}" for path, count in counts.items()]
    return "\n".join([*rows, f"{sum(counts.values()):4} in all", ""])


def test_unsafe_code_is_in_the_jail_alone() -> None:
    outside = [use for path in sources() for use in uses(path) if not use.path.startswith(ALLOWED)]
    assert outside == []


def test_each_block_has_its_argument() -> None:
    unargued = [f"{use.path}:{use.line}" for path in sources() for use in uses(path) if not use.argued]
    assert unargued == []


def test_uses_are_those_that_were_reviewed() -> None:
    assert inventory() == INVENTORY.read_text("utf-8"), "review it, then run: python tests/python/test_unsafe_code.py"


def test_the_word_alone_is_no_use(tmp_path: Path) -> None:
    file = tmp_path / "a.rs"
    file.write_text(
        '// unsafe\nlet a = "unsafe {}";\nlet b: unsafe extern "C" fn(i32) = c;\n// SAFETY: so\nunsafe { d() };\n'
    )
    assert list(uses(file, tmp_path)) == [Use("a.rs", 5, True)]
    file.write_text("f(\n    unsafe { a() },\n);\n\npub unsafe fn g() {}\n")
    assert list(uses(file, tmp_path)) == [Use("a.rs", 2, False), Use("a.rs", 5, True)]


if __name__ == "__main__":
    INVENTORY.write_text(inventory(), "utf-8")
