"""How much memory a subject's processes take: the proportional set size, in which shared pages are divided up.

The resident size would count the pages that a worker shares with its zygote once for each worker. Workers are not
dumpable, so only root can read theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class UnreadableError(Exception):
    """The kernel does not show a process's memory to this user."""


@dataclass(frozen=True)
class Process:
    """A process of a tree. ``pss`` in bytes; ``depth`` 1 for the children of the driver."""

    pid: int
    name: str
    depth: int
    pss: int


def tree(root: int) -> list[Process]:
    """The processes below ``root``, without it.

    Raises:
        UnreadableError: Not all of them can be read.
    """
    return _below(root, 1)


def _below(pid: int, depth: int) -> list[Process]:
    found: list[Process] = []
    for child in _children(pid):
        below = _below(child, depth + 1)
        found += [Process(child, _name(child), depth, _pss(child)), *below]
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sorted(int(child) for task in tasks for child in (task / "children").read_text().split())
    except OSError:
        return []


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError as error:
        # EACCES for a process that is not dumpable; the file cannot be opened, or opens and cannot be read.
        raise UnreadableError(f"/proc/{pid}/smaps_rollup: {error.strerror}; run as root") from error
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
