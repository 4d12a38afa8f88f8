"""What the figures were measured on, and how quiet it was."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


def facts() -> dict[str, str]:
    """Cores, processor, kernel, Python, memory and load: figures mean nothing without them."""
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _field("/proc/cpuinfo", "model name") or platform.machine(),
        "memory": _field("/proc/meminfo", "MemTotal") or "?",
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


class Noise:
    """How busy the machine is while no subject works: what that is, is in the figures too."""

    def __init__(self) -> None:
        self._busy = self._total = 0

    def listen(self, seconds: float) -> None:
        """Watches the processors for a while."""
        idle, total = _processors()
        time.sleep(seconds)
        later_idle, later_total = _processors()
        self._total += later_total - total
        self._busy += later_total - total - (later_idle - idle)

    @property
    def share(self) -> float:
        """The share of all processors that was in use, from 0 to 1."""
        return max(0.0, self._busy / self._total) if self._total else 0.0


def _processors() -> tuple[int, int]:
    ticks = [int(field) for field in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    return ticks[3] + ticks[4], sum(ticks)  # idle and waiting for a disk


def _field(path: str, name: str) -> str | None:
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    values = [line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name]
    return values[0] if values else None
