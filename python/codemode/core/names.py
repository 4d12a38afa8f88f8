"""What components may be called, and how a value is named in a message that must not show its contents."""

from __future__ import annotations

from typing import Any

_MAX_NAME = 128  # characters of a tool's name, by the contract


def check_name(kind: str, name: Any) -> None:
    """Raises ``ValueError`` where ``name`` cannot be the name of a ``kind`` (`tool`, `agent`, …), saying why."""
    article = "an" if kind[0] in "aeiou" else "a"
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"{article} {kind}'s name must be a non-empty str, not {shown(name)}")
    if name.startswith("__"):
        raise ValueError(f"{kind} name `{name}`: names that begin with `__` are reserved for the meta-tools")
    if len(name) > _MAX_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(f"{kind} name {name!r}: at most {_MAX_NAME} printable characters, no space at either end")


def shown(name: Any) -> str:
    """A name that is refused: the text itself, or what it is instead of one."""
    return repr(name) if isinstance(name, str) else described(name)


def described(value: Any) -> str:
    """What ``value`` is, for a message: ``None``, a number, else its type; never the contents of an object."""
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, type):
        return f"the class `{value.__name__}`"
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
