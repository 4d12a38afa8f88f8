"""What one run may take of the machine, by a control group of its own, and whether it reached that.

Limits of processes would not do: a program meets them as an error, and says that it was stopped. A control group ends
what goes past it, and counts that it did. Version 1 and 2, made below the group of this process.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMORY = 512 << 20
TASKS = 256
# Seconds until the last process of a group, which has been killed, must be gone: a busy machine frees memory slowly.
CLOSING = 20


class BoundsError(Exception):
    """No control group can be made. The message says what is missing."""


class Bounds:
    """One group. `join` is for the process that is to be bounded; `reached` tells what it went past."""

    def __init__(self, name: str) -> None:
        self._version, self._places = _places(name)
        try:
            for place in self._places.values():
                place.mkdir()
            if self._version == 1:
                self._write("memory", "memory.limit_in_bytes", MEMORY)
            else:
                self._write("memory", "memory.max", MEMORY)
                self._write("memory", "memory.swap.max", 0)
            self._write("pids", "pids.max", TASKS)
        except OSError as error:
            self.close()
            raise BoundsError(f"failed to make a control group at `{error.filename}`: {error.strerror}") from error
        self._joins = [os.open(place / "cgroup.procs", os.O_WRONLY) for place in self._places.values()]

    def _write(self, controller: str, name: str, value: int) -> None:
        with contextlib.suppress(FileNotFoundError if name.startswith("memory.swap") else ()):
            (self._places[controller] / name).write_text(str(value))

    def join(self) -> None:
        for descriptor in self._joins:
            os.write(descriptor, b"0")  # whoever writes
            os.close(descriptor)

    def reached(self) -> str:
        """What the run took too much of, empty where nothing."""
        name = "memory.oom_control" if self._version == 1 else "memory.events"
        if self._counted("memory", name, "oom_kill"):
            return f"it took more than {MEMORY >> 20} MiB of memory"
        if self._counted("pids", "pids.events", "max"):
            return f"it made more than {TASKS} processes or threads"
        return ""

    def _counted(self, controller: str, name: str, event: str) -> int:
        lines = (self._places[controller] / name).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.split()[0] == event), 0)

    def close(self) -> None:
        """Removes the group, whose last process may be about to end."""
        for descriptor in getattr(self, "_joins", ()):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        for place in {*self._places.values()}:
            for _ in range(CLOSING * 50):
                try:
                    place.rmdir()
                except FileNotFoundError:
                    pass
                except OSError:
                    time.sleep(0.02)
                    continue
                break


def _places(name: str) -> tuple[int, dict[str, Path]]:
    """The version, and where each controller's new group will be."""
    own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    found = {}
    for controller in ("memory", "pids"):
        for _, controllers, path in own:
            parent = ROOT / controller
            if controller in controllers.split(",") and parent.is_dir():
                below = parent / path.lstrip("/")
                found[controller] = (below if below.is_dir() else parent) / name
    if len(found) == 2:
        return 1, found
    available = ROOT / "cgroup.controllers"
    if available.is_file() and {"memory", "pids"} <= set(available.read_text().split()):
        with contextlib.suppress(OSError):
            (ROOT / "cgroup.subtree_control").write_text("+memory +pids")
        return 2, {"memory": ROOT / name, "pids": ROOT / name}
    raise BoundsError(f"`{ROOT}` has no controllers `memory` and `pids`, which bound what an attack takes")
