"""Compares the types of the document with those of the package, as a reader does: union members by their text."""

from __future__ import annotations

import ast
import inspect
from typing import Any


def text_of(annotation: Any) -> str:
    """An annotation as it is written."""
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def members(annotation: str) -> frozenset[str]:
    """The members of a union: ``str | None``, ``Optional[str]`` and ``"str | None"`` have the same."""
    return frozenset(_members(ast.parse(annotation.strip(), mode="eval").body))


def fits(documented: str, actual: str, *, owner: str | None = None, loose: bool = False) -> bool:
    """Whether what the document names is accepted.

    Args:
        documented: The document's type.
        actual: The package's; it may have further members.
        owner: The name of the class; ``Self`` stands for it.
        loose: ``dict`` of the document fits ``dict[str, Any]``, as its tables write it.
    """
    ours = {owner if member == "Self" and owner else member for member in members(actual)}
    if loose:
        ours |= {member.partition("[")[0] for member in ours}
    return members(documented) <= ours


def same(documented: str, actual: str, *, owner: str | None = None) -> bool:
    """As `fits`, with no further members: what a caller is given."""
    ours = {owner if member == "Self" and owner else member for member in members(actual)}
    return members(documented) == ours


def _members(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _members(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _members(node.left) | _members(node.right)
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("Optional"):
        return _members(node.slice) | {"None"}
    return {ast.unparse(node)}
