"""What a process holds, read from `/proc` and the file systems: the executor's, its zygotes', the client's."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")

Readings = dict[str, float]
"""A gauge's name and its value; sizes in MiB."""


def _field(pid: int, file: str, name: str) -> float:
    """A line of `name: value kB`, in MiB; of a bare number, that."""
    for line in (PROC / str(pid) / file).read_text().splitlines():
        if line.startswith(f"{name}:"):
            number, *unit = line.split()[1:3]
            return int(number) / 1024 if unit == ["kB"] else int(number)
    return 0


def descriptors(pid: int) -> Counter[str]:
    """By kind: `socket`, `timerfd`, or a path. None where the process has ended meanwhile."""
    kinds: Counter[str] = Counter()
    try:
        entries = list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return kinds
    for entry in entries:
        with contextlib.suppress(OSError):  # closed meanwhile
            target = os.readlink(entry)
            kinds["socket" if target.startswith("socket:") else target.removeprefix("anon_inode:").strip("[]")] += 1
    return kinds


def _parents() -> Iterator[tuple[int, int, str]]:
    """Each process with its parent and state."""
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                yield int(entry.name), int(parent), state


def descendants(pid: int) -> dict[int, tuple[int, str]]:
    """Processes below this one: how far below, and their states."""
    rows = list(_parents())
    found: dict[int, tuple[int, str]] = {}
    level, depth = {pid}, 0
    while level:
        depth += 1
        level = {child for child, parent, _ in rows if parent in level} - found.keys()
        found |= {child: (depth, state) for child, _, state in rows if child in level}
    return found


def _lines(pid: int, file: str) -> int:
    with contextlib.suppress(OSError):
        return len((PROC / str(pid) / file).read_text().splitlines())
    return 0


def control_groups(pid: int) -> int:
    """Directories that this executor made: their names hold its process id."""
    root = Path("/sys/fs/cgroup")
    found = 0
    for directory, names, _ in os.walk(root):
        for name in names:
            if name.startswith(f"codemode-{pid}-"):
                found += 1 + sum(each.is_dir() for each in (Path(directory) / name).iterdir())
        names[:] = [name for name in names if not name.startswith("codemode-")]
    return found


def client(pid: int) -> Readings:
    kinds = descriptors(pid)
    return {
        "descriptors": kinds.total(),
        "sockets": kinds["socket"],
        "threads": _field(pid, "status", "Threads"),
        "children": sum(depth == 1 for depth, _ in descendants(pid).values()),
        "RSS": _field(pid, "status", "VmRSS"),
    }


def executor(pid: int, temporary: Path) -> Readings:
    """`temporary`: the only directory that the executor was given for temporary files."""
    kinds = descriptors(pid)
    below = descendants(pid)
    zygotes = [child for child, (depth, _) in below.items() if depth == 1]
    return {
        "descriptors": kinds.total(),
        "sockets": kinds["socket"],
        "timers": kinds["timerfd"] + _lines(pid, "timers"),
        "threads": _field(pid, "status", "Threads"),
        "RSS": _field(pid, "status", "VmRSS"),
        "PSS": _field(pid, "smaps_rollup", "Pss"),
        "zygotes": len(zygotes),
        "workers": sum(depth > 1 and state != "Z" for depth, state in below.values()),
        "zombies": sum(state == "Z" for _, state in below.values()),
        "mounts": _lines(pid, "mountinfo"),
        "mounts of the zygote": max((_lines(zygote, "mountinfo") for zygote in zygotes), default=0),
        "descriptors of the zygote": max((descriptors(zygote).total() for zygote in zygotes), default=0),
        "control groups": control_groups(pid),
        "temporary files": sum(1 for _ in temporary.rglob("*")),
    }
