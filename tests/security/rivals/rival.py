"""What a rival is to the frame: something that loads once, starts in a process of its own, and runs programs.

Each rival is a file beside this one. It runs in an environment where this repository's package is not installed, so
nothing here imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

# The memory that a rival is given, where it takes such a limit, as in `scenarios.LIMITS`.
MEMORY = 128 << 20


@dataclass(frozen=True)
class Ended:
    """How a rival says that a program ended.

    `how`: `completed`, `refused` (it would not compile, import or run it), `timed_out`, `failed` (the program raised),
    `limited` (a limit of the rival's own) or `died` (a process that the rival had made for it).
    """

    how: str
    value: Any = None
    detail: str = ""
    output: str = ""


class Rival:
    """One rival. `load` runs before the fork, all else after it, in the process that is attacked."""

    # A whole Python: a program that fails there by its own mistake says nothing of the attack.
    is_whole_python = False
    # Replaces processes of its own, so a new process is not the program's.
    has_pool = False

    def load(self) -> str:
        """Imports what is needed, so that a fork is ready at once. Returns the version."""
        raise NotImplementedError

    def start(self, key: str) -> None:
        """Gets ready in this process. `key` is the application's, for rivals that take one."""

    def run(self, code: str, variables: Mapping[str, Any], seconds: float) -> Ended:
        """Runs one program as a fresh one, as its documentation shows it. `seconds` is its limit of wall time."""
        raise NotImplementedError


def plain(value: object, depth: int = 4) -> Any:
    """A program's value, where it is plain data. Of anything else no method is called: it may be made for that."""
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if depth and type(value) is list:
        return [plain(item, depth - 1) for item in value[:100]]
    if depth and type(value) is dict:
        return {key: plain(item, depth - 1) for key, item in value.items() if type(key) is str}
    return None


MODULES = {
    "opencodemode": "opencodemode",
    "smolagents": "smolagents",
    "pydantic-monty": "monty",
    "restrictedpython": "restricted",
    "python3": "bare",
}
# For this frame's own tests.
INLINE = "inline"


def rival(name: str) -> Rival:
    made: Rival = import_module(f"{__package__}.{MODULES.get(name, name)}").RIVAL()
    return made
