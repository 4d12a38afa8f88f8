"""Reads a configuration file. PyYAML is imported when the first one is read.

A file is bounded in size, depth and in what its aliases expand to, its keys are unique, and it has no tags. No message
quotes what the file holds, for that may be a secret. The executor reads its file by the same rules
(`crates/codemode-cli/src/settings/yaml.rs`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codemode.config.spelling import shown

MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 32
_MAX_NODES = 10_000  # a file of all settings has about 60


class UnreadableFileError(Exception):
    """A file that is no configuration, and why."""


def read(path: Path) -> dict[Any, Any]:
    """The mapping in a file.

    Raises:
        FileNotFoundError: There is no such file.
        UnreadableFileError: It cannot be read, or is no mapping in YAML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileNotFoundError(f"no configuration file `{path}`") from None
    except OSError as error:
        raise UnreadableFileError(f"cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    if len(data) > MAX_BYTES:
        raise UnreadableFileError("is larger than 1 MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "is not text in UTF-8"
    else:
        return parse(text)
    raise UnreadableFileError(problem)  # outside of the handler: its error holds the file


def parse(text: str) -> dict[Any, Any]:
    """The mapping in a text. Raises `UnreadableFileError`."""
    try:
        import yaml
    except ImportError:
        raise UnreadableFileError("cannot be read without PyYAML: pip install pyyaml") from None
    try:
        value = _construct(yaml, text)
    except yaml.YAMLError as error:
        problem = "not YAML: " + _described(error)
    except (ValueError, OverflowError):  # a date or number that Python cannot hold
        problem = "not YAML: a date or a number that is out of range"
    else:
        if value is None:
            raise UnreadableFileError("is empty")
        if not isinstance(value, dict):
            raise UnreadableFileError("must be a mapping of settings")
        return value
    raise UnreadableFileError(problem)  # outside of the handler: its error quotes the file


def _construct(yaml: Any, text: str) -> Any:
    _check(yaml, text)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_duplicates(yaml, node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(yaml: Any, text: str) -> None:
    """Bounds the file before anything of it is built."""
    depth = nodes = 0
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise UnreadableFileError(f"not YAML: line {line}: an alias without its anchor before it")
            nodes += sizes[event.anchor]
        elif isinstance(event, yaml.NodeEvent):
            if event.tag is not None and not isinstance(event, yaml.AliasEvent):
                raise UnreadableFileError(f"line {line}: tags (`!…`) are not supported: put text in quotes instead")
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                opened.append((event.anchor, nodes - 1))
            elif event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before
        if depth > _MAX_DEPTH:
            raise UnreadableFileError(f"line {line}: is nested deeper than {_MAX_DEPTH} levels")
        if nodes > _MAX_NODES:
            raise UnreadableFileError(f"line {line}: has more than {_MAX_NODES:,} values, its aliases expanded")


def _refuse_duplicates(yaml: Any, root: Any) -> None:
    pending, visited = [root], set()
    while pending:
        node = pending.pop()
        if id(node) in visited or isinstance(node, yaml.ScalarNode):
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
            continue
        names: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableFileError(f"line {line}: a key must be text")
            if key.value in names:
                raise UnreadableFileError(f"line {line}: the key {_quoted(key.value)} is given twice")
            names.add(key.value)
            pending.append(value)


def _quoted(name: str) -> str:
    text = shown(name)
    return f"`{text}`" if text == name else text


def _described(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
    # The parser quotes single characters, and whole names that may be secrets.
    hide: Callable[[re.Match[str]], str] = lambda match: match.group() if len(match.group(1)) <= 1 else "…"  # noqa: E731
    return place + re.sub(r"['\"](.*?)['\"]", hide, str(problem), flags=re.DOTALL)
