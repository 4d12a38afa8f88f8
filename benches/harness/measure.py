"""Runs the rows: interleaved rounds, a new driver where a row needs one, and the rows that are not a driver's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness import machine, memory
from harness.environments import InstallError, SubjectSpec, environment, interpreter
from harness.figures import Cell
from harness.process import RowUnavailableError, SubjectError, SubjectProcess
from harness.rows import Row

# pydantic is loaded first where there is one: an application that has tools has it anyway.
_IMPORT = """
try:
    from pydantic import BaseModel, TypeAdapter
except ImportError:
    pass
import time
begin = time.perf_counter()
{statement}
print(time.perf_counter() - begin)
"""

_REFILL = 0.06
"""Seconds after which the pool of the subject before is full again: not while the next one is measured."""

_SETTLE = 2.0
"""The same before memory is measured, with a margin: a missing worker would change everybody's share."""

_LISTEN = 0.04
"""Seconds that the machine is then watched: 8 ticks on two processors, and all the rounds add up."""

Report = Callable[[str], object]


class Session:
    """The running subjects of one benchmark run."""

    def __init__(self, specs: Sequence[SubjectSpec], progress: Report) -> None:
        self.specs = list(specs)
        self.facts: dict[str, dict[str, Any]] = {}
        self.noise: dict[str, machine.Noise] = {}
        self._progress = progress
        self._running: dict[str, SubjectProcess] = {}
        self._broken: dict[str, Cell] = {}

    def start(self) -> None:
        """Starts each subject. One that cannot be started is left out, with the reason in its cells."""
        for spec in self.specs:
            self._progress(f"starting {spec.name}")
            try:
                process = self._running[spec.name] = SubjectProcess(spec)
                process.samples("open", {})
                self.facts[spec.name] = process.facts()
            except InstallError as error:
                self._broken[spec.name] = Cell(reason=f"cannot be installed: {error}")
            except SubjectError as error:
                self._broken[spec.name] = Cell(reason=str(error), failed=True)

    def row(self, row: Row, *, quick: bool) -> dict[str, Cell]:
        """One cell for each subject."""
        cells = {spec.name: self._broken.get(spec.name) or Cell() for spec in self.specs}
        noise = self.noise[row.key] = machine.Noise()
        if row.unit == "B":
            time.sleep(_SETTLE)
        for number in range(1 if quick else row.rounds):
            self._progress(f"{row.title}, round {number + 1}")
            for spec in self.specs:
                cell, scale = cells[spec.name], row.scale(spec.name, quick=quick)
                if cell.reason or (scale.rounds is not None and number >= scale.rounds):
                    continue
                time.sleep(_REFILL)
                noise.listen(_LISTEN)
                try:
                    cell.rounds.append(self._samples(row, spec, scale.options))
                except (RowUnavailableError, memory.UnreadableError) as reason:
                    cell.reason = str(reason)
                except SubjectError as error:
                    cell.reason, cell.failed = str(error), True
        return cells

    def _samples(self, row: Row, spec: SubjectSpec, options: Mapping[str, Any]) -> list[float]:
        if row.ask == "import":
            return [_import_time(spec)]
        if row.unit == "B":
            return self._memory(row, spec)
        if row.fresh:
            with SubjectProcess(spec) as process:
                return process.samples(row.ask, options)
        return self._running[spec.name].samples(row.ask, options)

    def _memory(self, row: Row, spec: SubjectSpec) -> list[float]:
        processes = memory.tree(int(self.facts[spec.name]["pid"]))
        if not processes:
            raise RowUnavailableError("a process for each execution, nothing between them")
        if row.key == "executor":
            return [float(sum(process.pss for process in processes))]
        depth = self.facts[spec.name].get("workers_depth")
        if depth is None:
            raise RowUnavailableError("it keeps no workers")
        return [float(process.pss) for process in processes if process.depth == depth]

    def close(self) -> None:
        """Ends all subjects."""
        for process in self._running.values():
            process.close()


def _import_time(spec: SubjectSpec) -> float:
    if not spec.package:
        raise RowUnavailableError("nothing to import")
    command = [interpreter(spec), "-c", _IMPORT.format(statement=spec.package)]
    # Twice, for the first one may compile.
    for _ in range(2):
        run = subprocess.run(command, env=environment(spec), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SubjectError((run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1])
    return float(run.stdout)
